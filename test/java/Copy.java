import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

/**
 * Java's own client reads partition 0 of a topic to its end and writes what it read to another, compressed.
 * Arguments: brokers, then for each copy "from to compression".
 */
public class Copy {
  public static void main(String[] args) throws Exception {
    for (int i = 1; i < args.length; i += 3) copy(args[0], args[i], args[i + 1], args[i + 2]);
  }

  static void copy(String brokers, String from, String to, String compression) throws Exception {
    Map<String, Object> reading = Map.of("bootstrap.servers", brokers);
    Map<String, Object> writing = Map.of("bootstrap.servers", brokers, "compression.type", compression,
        "batch.size", 4 * 1024 * 1024, "max.request.size", 4 * 1024 * 1024, "linger.ms", 1000);
    try (var consumer = new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var producer = new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer())) {
      TopicPartition partition = new TopicPartition(from, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofSeconds(1))) {
          var sent = producer.send(new ProducerRecord<>(to, 0, r.timestamp(), r.key(), r.value(), r.headers()));
          if (r.offset() == 0) { // a batch of its own
            producer.flush();
            sent.get();
          }
        }
      }
      producer.flush();
    }
  }
}
