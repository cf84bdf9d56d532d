import com.sun.management.OperatingSystemMXBean;
import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads a topic with Confluent's Parallel Consumer in the order of keys, with handlers that wait. A command is a line on standard
 * input, its answer a line on standard output:
 *
 *   read GROUP TOPIC KEYS CONCURRENCY WORK_MS SETTLE_MS MEASURE_MS RECORDS    "figures NAME=VALUE NAME=VALUE ..."
 *
 * With RECORDS it is measured from the first to the last of them, and they are committed when the answer comes; with 0 over
 * MEASURE_MS, SETTLE_MS after the first. Keys end in their number; a key is in one partition.
 */
public final class ParallelConsumerReader {
  private static final int DIGITS = 12;
  private static final long CLOSE_WITHIN_MS = 10_000;
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final int workMs;
  private final long awaited;
  private final AtomicLongArray offsets;
  private final AtomicIntegerArray isRunning;
  private final LongAdder violations = new LongAdder();
  private final LongAdder busyNanos = new LongAdder();
  private final AtomicLong ended = new AtomicLong();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger mostRunning = new AtomicInteger();
  private final AtomicReference<Mark> first = new AtomicReference<>();
  private final AtomicReference<Mark> last = new AtomicReference<>();
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch done = new CountDownLatch(1);

  /** As far as it came at one moment. */
  private record Mark(long nanos, long cpuNanos, long ended, long busyNanos) {}

  public static void main(String[] args) throws Exception {
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = commands.readLine()) != null; ) {
      String[] words = line.split(" ");
      ParallelConsumerReader reader = new ParallelConsumerReader(words);
      System.gc(); // the garbage of one turn is no work of the next
      System.out.println("figures " + reader.read(args[0], words[1], words[2], words));
    }
    System.exit(0); // whoever started this is gone
  }

  private ParallelConsumerReader(String[] words) {
    int keys = Integer.parseInt(words[3]);
    workMs = Integer.parseInt(words[5]);
    awaited = Long.parseLong(words[8]);
    isRunning = new AtomicIntegerArray(keys);
    offsets = new AtomicLongArray(keys);
    for (int key = 0; key < keys; key++) offsets.set(key, -1);
  }

  private String read(String brokers, String group, String topic, String[] words) throws Exception {
    var options =
        ParallelConsumerOptions.<byte[], byte[]>builder()
            .ordering(ProcessingOrder.KEY)
            .consumer(new KafkaConsumer<>(properties(brokers, group)))
            .maxConcurrency(Integer.parseInt(words[4]))
            .build();
    ParallelStreamProcessor<byte[], byte[]> processor = ParallelStreamProcessor.createEosStreamProcessor(options);
    processor.subscribe(List.of(topic));
    processor.poll(context -> handle(context.getSingleConsumerRecord()));
    String figures;
    if (awaited > 0) {
      done.await();
      figures = figures(first.get(), last.get());
      processor.closeDrainFirst();
    } else {
      started.await(); // joining the group is not what is compared
      Thread.sleep(Long.parseLong(words[6]));
      Mark from = mark();
      Thread.sleep(Long.parseLong(words[7]));
      figures = figures(from, mark());
      Thread closing = new Thread(processor::closeDontDrainFirst);
      closing.setDaemon(true);
      closing.start();
      closing.join(CLOSE_WITHIN_MS);
    }
    return figures;
  }

  private void handle(ConsumerRecord<byte[], byte[]> record) {
    if (first.get() == null && first.compareAndSet(null, mark())) started.countDown();
    long startedAt = System.nanoTime();
    int key = keyNumber(record.key());
    if (isRunning.getAndSet(key, 1) != 0 || offsets.getAndSet(key, record.offset()) >= record.offset()) violations.increment();
    int atOnce = running.incrementAndGet();
    if (atOnce > mostRunning.get()) mostRunning.accumulateAndGet(atOnce, Math::max);
    if (workMs > 0) sleep(workMs);
    running.decrementAndGet();
    isRunning.set(key, 0);
    busyNanos.add(System.nanoTime() - startedAt);
    if (ended.incrementAndGet() == awaited) {
      last.set(mark());
      done.countDown();
    }
  }

  private Mark mark() {
    return new Mark(System.nanoTime(), SYSTEM.getProcessCpuTime(), ended.get(), busyNanos.sum());
  }

  private String figures(Mark from, Mark to) throws IOException {
    long messages = to.ended - from.ended;
    double seconds = (to.nanos - from.nanos) / 1e9;
    return String.format(
        Locale.ROOT,
        "messages=%d seconds=%f perSecond=%f cpuMicrosPerMessage=%f handlerMs=%f violations=%d mostRunning=%d maxRssMib=%f",
        messages,
        seconds,
        messages / seconds,
        (to.cpuNanos - from.cpuNanos) / 1e3 / messages,
        (to.busyNanos - from.busyNanos) / 1e6 / messages,
        violations.sum(),
        mostRunning.get(),
        maxRssMib());
  }

  private static Properties properties(String brokers, String group) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", brokers);
    properties.put("group.id", group);
    properties.put("auto.offset.reset", "earliest");
    properties.put("enable.auto.commit", "false");
    properties.put("key.deserializer", ByteArrayDeserializer.class.getName());
    properties.put("value.deserializer", ByteArrayDeserializer.class.getName());
    return properties;
  }

  private static int keyNumber(byte[] key) {
    int number = 0;
    for (int at = key.length - DIGITS; at < key.length; at++) number = number * 10 + (key[at] - '0');
    return number;
  }

  private static void sleep(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // it is being closed
    }
  }

  /** Of this process so far; NaN where nothing tells. */
  private static double maxRssMib() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) return Double.NaN;
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmHWM")) return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
    }
    return Double.NaN;
  }
}
