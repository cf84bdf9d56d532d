import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Properties;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.tools.StorageTool;
import org.apache.kafka.common.utils.Time;

/**
 * One Kafka node that says when it serves and never outlives the process that started it. Formatting and serving share a
 * JVM, which saves a second JVM's start.
 *
 * <p>Arguments: the folder that goes with the cluster, the node's server.properties, then the storage tool's arguments.
 */
public final class SupervisedKafka {
  private SupervisedKafka() {}

  public static void main(String[] args) throws IOException {
    endWithParent(Path.of(args[0]));
    int exitCode = StorageTool.execute(Arrays.copyOfRange(args, 2, args.length), System.err);
    if (exitCode != 0) System.exit(exitCode);

    Properties properties = new Properties();
    try (var in = Files.newInputStream(Path.of(args[1]))) {
      properties.load(in);
    }
    KafkaRaftServer server = new KafkaRaftServer(KafkaConfig.fromProps(properties, false), Time.SYSTEM);
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown, "shutdown"));
    try {
      server.startup();
    } catch (Throwable failure) {
      failure.printStackTrace();
      System.exit(1);
    }
    System.out.println("SERVING");
    server.awaitShutdown();
  }

  /** Standard input ends when the parent does, however it ended: the one sign that a SIGKILL cannot swallow. */
  private static void endWithParent(Path folder) {
    Thread watcher = new Thread(() -> {
      try {
        while (System.in.read() >= 0) {}
      } catch (IOException broken) {
        // A broken pipe says the same as its end.
      }
      delete(folder);
      Runtime.getRuntime().halt(1);
    }, "parent-watcher");
    watcher.setDaemon(true);
    watcher.start();
  }

  private static void delete(Path folder) {
    try (Stream<Path> paths = Files.walk(folder)) {
      paths.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    } catch (IOException | RuntimeException gone) {
      // The cluster's other nodes are deleting the same folder.
    }
  }
}
