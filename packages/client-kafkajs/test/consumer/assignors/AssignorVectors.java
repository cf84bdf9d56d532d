import java.nio.ByteBuffer;
import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.*;
import org.apache.kafka.common.*;

/**
 * Prints what Apache Kafka's own assignors compute for seeded random groups, as JSON. Made vectors.json beside it:
 * java -cp 'kafka-clients-4.1.0.jar:slf4j-api.jar' AssignorVectors.java > vectors.json
 */
public class AssignorVectors {
  public static void main(String[] args) {
    Random random = new Random(20261122);
    List<String> cases = new ArrayList<>();
    for (int i = 0; i < 120; i++) cases.add(oneCase(random));
    System.out.println("[\n" + String.join(",\n", cases) + "\n]");
  }

  static String oneCase(Random random) {
    Map<String, Integer> counts = new TreeMap<>();
    for (int t = 0, n = 1 + random.nextInt(4); t < n; t++) counts.put(name(random, "topic"), random.nextInt(9));
    List<String> topics = new ArrayList<>(counts.keySet());
    Map<String, Subscription> members = new TreeMap<>();
    for (int m = 0, n = 1 + random.nextInt(6); m < n; m++) {
      List<String> wanted = topics.stream().filter(t -> random.nextInt(4) > 0).collect(Collectors.toList());
      if (random.nextInt(8) == 0) wanted.add("missing");
      Subscription subscription = new Subscription(wanted);
      if (random.nextInt(4) == 0) subscription.setGroupInstanceId(Optional.of(name(random, "static")));
      members.put(name(random, "member"), subscription);
    }
    return "{\"counts\":" + json(counts, String::valueOf) + ",\"members\":[" + members.entrySet().stream().map(AssignorVectors::member).collect(Collectors.joining(","))
      + "],\"range\":" + assignment(new RangeAssignor(), counts, members) + ",\"roundrobin\":" + assignment(new RoundRobinAssignor(), counts, members) + "}";
  }

  /** Characters below and above ASCII and outside the basic plane: their order is where implementations differ. */
  static String name(Random random, String prefix) {
    String[] parts = {"a", "B", "-", "9", "10", "z", "\u00e9", "\ufb01", "\ud83d\ude00"};
    return prefix + parts[random.nextInt(parts.length)] + random.nextInt(50);
  }

  static String assignment(ConsumerPartitionAssignor assignor, Map<String, Integer> counts, Map<String, Subscription> members) {
    List<PartitionInfo> infos = new ArrayList<>();
    counts.forEach((topic, count) -> { for (int p = 0; p < count; p++) infos.add(new PartitionInfo(topic, p, Node.noNode(), new Node[0], new Node[0])); });
    Cluster cluster = new Cluster("c", List.of(), infos, Set.of(), Set.of());
    Map<String, Assignment> result = assignor.assign(cluster, new GroupSubscription(members)).groupAssignment();
    return json(new TreeMap<>(result), a -> "[" + a.partitions().stream().map(p -> quote(p.topic() + ":" + p.partition())).sorted().collect(Collectors.joining(",")) + "]");
  }

  static String member(Map.Entry<String, Subscription> entry) {
    String instance = entry.getValue().groupInstanceId().map(AssignorVectors::quote).orElse("null");
    return "{\"memberId\":" + quote(entry.getKey()) + ",\"groupInstanceId\":" + instance + ",\"topics\":[" + entry.getValue().topics().stream().map(AssignorVectors::quote).collect(Collectors.joining(",")) + "]}";
  }

  static <V> String json(Map<String, V> map, java.util.function.Function<V, String> value) {
    return "{" + map.entrySet().stream().map(e -> quote(e.getKey()) + ":" + value.apply(e.getValue())).collect(Collectors.joining(",")) + "}";
  }

  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) out.append(c < 128 ? String.valueOf(c) : String.format("\\u%04x", (int) c));
    return out.append('"').toString();
  }
}
