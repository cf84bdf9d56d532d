import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Java's consumers, as many as asked for, steered by lines on standard input: "open NAME GROUP ASSIGNOR TOPIC,TOPIC" and
 * "close NAME". Tells on standard output "NAME owns MEMBER-ID PARTITION,PARTITION" whenever that changes, "NAME revoked …",
 * "NAME lost …", "NAME read PARTITION@OFFSET" and "NAME closed". The argument is the bootstrap address.
 */
public class GroupMembers {
  static final Map<String, Member> MEMBERS = new ConcurrentHashMap<>();

  public static void main(String[] args) {
    System.out.println("ready");
    Scanner lines = new Scanner(System.in);
    while (lines.hasNextLine()) {
      String[] words = lines.nextLine().split(" ");
      if (words[0].equals("close")) MEMBERS.remove(words[1]).closing = true;
      else {
        Member member = new Member(args[0], words[1], words[2], words[3], List.of(words[4].split(",")));
        MEMBERS.put(words[1], member);
        new Thread(member).start();
      }
    }
    System.exit(0);
  }

  static synchronized void tell(String line) {
    System.out.println(line);
  }

  static class Member implements Runnable, ConsumerRebalanceListener {
    final String name;
    final KafkaConsumer<byte[], byte[]> consumer;
    volatile boolean closing;
    String owned = "";

    Member(String brokers, String name, String group, String assignor, List<String> topics) {
      this.name = name;
      Map<String, Object> config = Map.of(
          "bootstrap.servers", brokers, "group.id", group, "auto.offset.reset", "earliest", "heartbeat.interval.ms", 100,
          "enable.auto.commit", false, "partition.assignment.strategy", assignor);
      consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      consumer.subscribe(topics, this);
    }

    public void run() {
      try {
        while (!closing) {
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) tell(name + " read " + record.topic() + ":" + record.partition() + "@" + record.offset());
          String now = consumer.groupMetadata().memberId() + " " + list(consumer.assignment());
          if (!now.equals(owned)) tell(name + " owns " + (owned = now));
        }
      } catch (Exception error) {
        tell(name + " failed " + error);
      }
      consumer.close();
      tell(name + " closed");
    }

    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      consumer.commitSync();
      tell(name + " revoked " + list(partitions));
    }

    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      tell(name + " lost " + list(partitions));
    }

    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}

    static String list(Collection<TopicPartition> partitions) {
      return partitions.stream().map(p -> p.topic() + ":" + p.partition()).sorted().collect(Collectors.joining(","));
    }
  }
}
