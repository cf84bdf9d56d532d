import java.time.Duration;
import java.util.*;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.config.KafkaListenerEndpointRegistry;
import org.springframework.kafka.core.*;
import org.springframework.kafka.listener.*;
import org.springframework.kafka.requestreply.ReplyingKafkaTemplate;
import org.springframework.kafka.support.TopicPartitionOffset;
import org.springframework.messaging.handler.annotation.SendTo;

/**
 * Both ends of request and reply with Spring Kafka's own means. Arguments: brokers, the topic that it answers requests of,
 * a topic that it sends requests to, the topic that it reads their replies from (its partition 1), and the requests.
 * Prints "ready" when it answers, then each reply, a line each; ends when its input does.
 */
public class SpringReplies {
  static final Duration TIMEOUT = Duration.ofSeconds(30);

  public static void main(String[] args) {
    try {
      run(args[0], args[1], args[2], args[3], List.of(args).subList(4, args.length));
      System.exit(0);
    } catch (Exception failure) {
      failure.printStackTrace();
      System.exit(1); // threads of containers would go on
    }
  }

  static void run(String brokers, String answered, String asked, String replies, List<String> requests) throws Exception {
    var producers = new DefaultKafkaProducerFactory<String, String>(
        Map.of("bootstrap.servers", brokers, "linger.ms", 0), new StringSerializer(), new StringSerializer());
    try (var context = new AnnotationConfigApplicationContext()) {
      context.getEnvironment().getSystemProperties().put("topic", answered);
      context.registerBean(Responder.class);
      context.registerBean("containers", ConcurrentKafkaListenerContainerFactory.class, () -> containers(brokers, producers));
      context.register(Answering.class);
      context.refresh();
      awaitAssignment(context.getBean(KafkaListenerEndpointRegistry.class));
      System.out.println("ready");
      ask(brokers, producers, asked, replies, requests);
      while (System.in.read() >= 0);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableKafka
  static class Answering {}

  static class Responder {
    @KafkaListener(id = "responder", topics = "${topic}", containerFactory = "containers")
    @SendTo
    String onRequest(String request) {
      return request.toUpperCase(Locale.ROOT);
    }
  }

  static ConcurrentKafkaListenerContainerFactory<String, String> containers(
      String brokers, ProducerFactory<String, String> producers) {
    var factory = new ConcurrentKafkaListenerContainerFactory<String, String>();
    factory.setConsumerFactory(consumers(brokers));
    factory.setReplyTemplate(new KafkaTemplate<>(producers));
    return factory;
  }

  static ConsumerFactory<String, String> consumers(String brokers) {
    return new DefaultKafkaConsumerFactory<>(
        Map.of("bootstrap.servers", brokers, "group.id", UUID.randomUUID().toString(), "auto.offset.reset", "earliest"),
        new StringDeserializer(), new StringDeserializer());
  }

  static void awaitAssignment(KafkaListenerEndpointRegistry registry) throws InterruptedException {
    var container = registry.getListenerContainer("responder");
    for (long end = System.nanoTime() + TIMEOUT.toNanos(); container.getAssignedPartitions().isEmpty(); Thread.sleep(10))
      if (System.nanoTime() > end) throw new IllegalStateException("no assignment");
  }

  static void ask(String brokers, ProducerFactory<String, String> producers, String topic, String replies,
      List<String> requests) throws Exception {
    var properties = new ContainerProperties(new TopicPartitionOffset(replies, 1));
    var template = new ReplyingKafkaTemplate<>(producers,
        new KafkaMessageListenerContainer<>(consumers(brokers), properties));
    template.start();
    try {
      if (!template.waitForAssignment(TIMEOUT)) throw new IllegalStateException("no assignment for replies");
      for (String request : requests) {
        var reply = template.sendAndReceive(new ProducerRecord<>(topic, request), TIMEOUT);
        System.out.println(reply.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS).value());
      }
    } finally {
      template.destroy();
    }
  }
}
