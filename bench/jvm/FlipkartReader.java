import com.flipkart.priority.kafka.client.consumer.burst.CapacityBurstPriorityKafkaConsumer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads levels with Flipkart's consumer in the way its README does: poll, give each record to a pool of threads, wait for all of
 * them, commit. Commands come on standard input, a line each, and are answered on standard output:
 *
 *   read GROUP TOPIC LEVELS CAPACITY MS,MS,...   "ready" when it has partitions of every level
 *   cpu                                          "cpu NANOS" of this process
 *   stop                                         "stopped"
 *
 * Between the answers "s LEVEL HEX" tells that a record is started, with the first bytes of its value, and "e LEVEL MICROS" how long
 * it took. What a record takes are the times given, one after the other and over again.
 */
public final class FlipkartReader implements Runnable {
  private static final int TOLD_BYTES = 8;
  private static final PrintStream out = System.out;

  private final CapacityBurstPriorityKafkaConsumer<byte[], byte[]> consumer;
  private final ExecutorService slots;
  private final int levels;
  private final int[] times;
  private final AtomicInteger records = new AtomicInteger();
  private final Thread thread = new Thread(this);
  private volatile boolean stopping;

  public static void main(String[] args) throws Exception {
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    FlipkartReader reader = null;
    for (String line; (line = commands.readLine()) != null; ) {
      String[] words = line.split(" ");
      switch (words[0]) {
        case "read" -> reader = new FlipkartReader(args[0], words);
        case "cpu" -> out.println("cpu " + cpuNanos());
        case "stop" -> reader.stop();
        default -> throw new IllegalArgumentException(line);
      }
    }
    System.exit(0); // whoever started this is gone
  }

  private FlipkartReader(String brokers, String[] words) {
    levels = Integer.parseInt(words[3]);
    times = Stream.of(words[5].split(",")).mapToInt(Integer::parseInt).toArray();
    slots = Executors.newFixedThreadPool(Integer.parseInt(words[4]));
    Properties properties = new Properties();
    properties.put("bootstrap.servers", brokers);
    properties.put("group.id", words[1]);
    properties.put("max.priority", words[3]);
    properties.put("max.poll.records", words[4]);
    properties.put("auto.offset.reset", "earliest");
    properties.put("enable.auto.commit", "false");
    properties.put("key.deserializer", ByteArrayDeserializer.class.getName());
    properties.put("value.deserializer", ByteArrayDeserializer.class.getName());
    consumer = new CapacityBurstPriorityKafkaConsumer<>(properties);
    consumer.subscribe(List.of(words[2]));
    thread.start();
  }

  @Override
  public void run() {
    try {
      boolean ready = false;
      while (!stopping) {
        List<Future<?>> started = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(100)) started.add(slots.submit(() -> handle(record)));
        for (Future<?> one : started) one.get();
        if (!started.isEmpty()) consumer.commitSync();
        if (!ready && consumer.assignment().stream().map((at) -> at.topic()).distinct().count() == levels) {
          ready = true;
          out.println("ready");
        }
      }
      slots.shutdown();
      consumer.close();
    } catch (Exception e) {
      e.printStackTrace();
      System.exit(1);
    }
  }

  private void handle(ConsumerRecord<byte[], byte[]> record) {
    int level = record.topic().charAt(record.topic().length() - 1) - '0';
    byte[] value = record.value();
    out.println("s " + level + " " + HexFormat.of().formatHex(value, 0, Math.min(TOLD_BYTES, value.length)));
    long startedAt = System.nanoTime();
    try {
      Thread.sleep(times[records.getAndIncrement() % times.length]);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    out.println("e " + level + " " + (System.nanoTime() - startedAt) / 1000);
  }

  private void stop() throws InterruptedException {
    stopping = true;
    thread.join();
    out.println("stopped");
  }

  private static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }
}
