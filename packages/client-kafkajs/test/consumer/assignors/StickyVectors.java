import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.*;
import org.apache.kafka.common.*;

/**
 * Prints what Apache Kafka's CooperativeStickyAssignor computes for seeded random groups that hold partitions already, a line of
 * JSON each. Made sticky-vectors.jsonl beside it, from the repository's root:
 * java -cp 'tools/kafka/target/jars/*' packages/client-kafkajs/test/consumer/assignors/StickyVectors.java > sticky-vectors.jsonl
 */
public class StickyVectors {
  static final Random RANDOM = new Random(20261122);

  public static void main(String[] args) {
    List<String> cases = new ArrayList<>();
    for (int i = 0; i < 30; i++) cases.addAll(history());
    System.out.println(String.join("\n", cases));
  }

  /** Members come and go, topics grow; each round is a case. Now and then members claim what they should not. */
  static List<String> history() {
    Map<String, Integer> counts = new TreeMap<>();
    for (int t = 0, n = 1 + RANDOM.nextInt(3); t < n; t++) counts.put("topic" + t, 1 + RANDOM.nextInt(7));
    Map<String, List<TopicPartition>> owned = new TreeMap<>();
    Map<String, Integer> generations = new TreeMap<>();
    List<String> cases = new ArrayList<>();
    boolean crowded = RANDOM.nextInt(8) == 0;
    for (int generation = 1; generation <= 4; generation++) {
      for (int m = 0, n = crowded ? 14 : 1 + RANDOM.nextInt(3); m < n; m++) owned.put(name(), new ArrayList<>());
      if (owned.size() > 2) for (int gone = RANDOM.nextInt(3); gone > 0; gone--) owned.remove(pick(owned.keySet()));
      if (RANDOM.nextInt(4) == 0) counts.merge(pick(counts.keySet()), 3, Integer::sum);
      Map<String, Subscription> members = new HashMap<>();
      for (String member : owned.keySet()) {
        int since = generations.getOrDefault(member, -1);
        List<TopicPartition> claim = new ArrayList<>(owned.get(member));
        if (RANDOM.nextInt(9) == 0) since = RANDOM.nextInt(generation);
        if (RANDOM.nextInt(9) == 0) owned.values().stream().flatMap(List::stream).filter(p -> RANDOM.nextBoolean() && !owned.get(member).contains(p)).limit(2).forEach(claim::add);
        Collections.shuffle(claim, RANDOM);
        members.put(member, new Subscription(new ArrayList<>(counts.keySet()), null, claim, since, Optional.empty()));
      }
      Map<String, List<TopicPartition>> assigned = assign(counts, members);
      cases.add(json(counts, members, assigned));
      for (String member : assigned.keySet()) { owned.put(member, assigned.get(member)); generations.put(member, generation); }
    }
    return cases;
  }

  static Map<String, List<TopicPartition>> assign(Map<String, Integer> counts, Map<String, Subscription> members) {
    List<PartitionInfo> infos = new ArrayList<>();
    counts.forEach((topic, count) -> { for (int p = 0; p < count; p++) infos.add(new PartitionInfo(topic, p, Node.noNode(), new Node[0], new Node[0])); });
    Cluster cluster = new Cluster("c", List.of(), infos, Set.of(), Set.of());
    Map<String, List<TopicPartition>> result = new TreeMap<>();
    new CooperativeStickyAssignor().assign(cluster, new GroupSubscription(members)).groupAssignment().forEach((member, assignment) -> result.put(member, new ArrayList<>(assignment.partitions())));
    return result;
  }

  static String name() { return "consumer-" + Long.toString(RANDOM.nextLong() >>> 20, 36); }

  static String pick(Set<String> from) { return new ArrayList<>(from).get(RANDOM.nextInt(from.size())); }

  static String json(Map<String, Integer> counts, Map<String, Subscription> members, Map<String, List<TopicPartition>> assigned) {
    return "{\"counts\":{" + counts.entrySet().stream().map(e -> quote(e.getKey()) + ":" + e.getValue()).collect(Collectors.joining(","))
      + "},\"members\":[" + members.entrySet().stream().map(e -> "{\"memberId\":" + quote(e.getKey()) + ",\"generationId\":" + e.getValue().generationId().orElse(-1) + ",\"owned\":" + list(e.getValue().ownedPartitions()) + "}").collect(Collectors.joining(","))
      + "],\"assigned\":{" + assigned.entrySet().stream().map(e -> quote(e.getKey()) + ":" + list(e.getValue())).collect(Collectors.joining(",")) + "}}";
  }

  static String list(List<TopicPartition> partitions) {
    return "[" + partitions.stream().map(p -> quote(p.topic() + ":" + p.partition())).collect(Collectors.joining(",")) + "]";
  }

  static String quote(String text) { return "\"" + text + "\""; }
}
