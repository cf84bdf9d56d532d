import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.header.internals.RecordHeader;

/** Fills a topic as Java's producer does, for record.mjs: Produce.java <bootstrap servers> <topic>. */
public class Produce {
  public static void main(String[] args) throws Exception {
    try (var producer = producer(args[0], Map.of("compression.type", "gzip"))) {
      for (int i = 0; i < 5; i++) {
        var record = new ProducerRecord<byte[], byte[]>(args[1], 0, 1_700_000_000_000L + i, i % 2 == 0 ? null : bytes("key-" + i), bytes("gzip " + i));
        record.headers().add("trace", bytes("é" + i)).add(new RecordHeader("empty", (byte[]) null));
        producer.send(record);
      }
    }
    try (var producer = producer(args[0], Map.of("transactional.id", args[1]))) {
      producer.initTransactions();
      for (String end : List.of("committed", "aborted")) {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(args[1], 0, 1_700_000_001_000L, null, bytes(end)));
        producer.flush();
        if (end.equals("committed")) producer.commitTransaction();
        else producer.abortTransaction();
      }
    }
    try (var producer = producer(args[0], Map.of())) {
      producer.send(new ProducerRecord<>(args[1], 0, 1_700_000_002_000L, bytes("tombstone"), (byte[]) null)).get();
    }
  }

  static KafkaProducer<byte[], byte[]> producer(String servers, Map<String, Object> more) {
    var config = new HashMap<String, Object>(more);
    config.put("bootstrap.servers", servers);
    config.put("linger.ms", 50);
    config.put("key.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    config.put("value.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
    return new KafkaProducer<>(config);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
