import java.util.*;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.*;
import org.springframework.kafka.listener.*;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.kafka.support.serializer.*;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.util.backoff.FixedBackOff;
import tools.jackson.databind.json.JsonMapper;

/**
 * Dead letters with Spring Kafka's own means. Arguments: brokers, then steps, one after the other:
 * "fail group topic destination count": a container whose listener fails, with a DeadLetterPublishingRecoverer;
 * "read topic count": a listener that takes dead letters, and prints what it was given, one JSON object a line.
 */
public class SpringDeadLetters {
  static final long TIMEOUT_S = 30;

  public static void main(String[] args) {
    try {
      run(new ArrayDeque<>(List.of(args)));
      System.exit(0);
    } catch (Exception failure) {
      failure.printStackTrace();
      System.exit(1); // threads of containers would go on
    }
  }

  static void run(Queue<String> steps) throws Exception {
    String brokers = steps.remove();
    while (!steps.isEmpty()) {
      if (steps.remove().equals("fail"))
        fail(brokers, steps.remove(), steps.remove(), steps.remove(), Integer.parseInt(steps.remove()));
      else read(brokers, steps.remove(), Integer.parseInt(steps.remove()));
    }
  }

  static Map<String, Object> consumerConfig(String brokers, String group) {
    return Map.of("bootstrap.servers", brokers, "group.id", group, "auto.offset.reset", "earliest",
        "fetch.max.wait.ms", 10); // a record that is tried again is fetched again
  }

  // ---- failing

  static void fail(String brokers, String group, String topic, String destination, int count) throws Exception {
    var recovered = new CountDownLatch(count);
    var recoverer = new DeadLetterPublishingRecoverer(template(brokers),
        (record, failure) -> new TopicPartition(destination, record.partition()));
    var errorHandler = new DefaultErrorHandler((record, failure) -> {
      recoverer.accept(record, failure);
      recovered.countDown();
    }, new FixedBackOff(0, 1));
    var properties = new ContainerProperties(topic);
    properties.setMessageListener((MessageListener<Object, Object>) SpringDeadLetters::refuse);
    var container = new KafkaMessageListenerContainer<>(new DefaultKafkaConsumerFactory<>(
        consumerConfig(brokers, group), json(), json()), properties);
    container.setCommonErrorHandler(errorHandler);
    container.start();
    await(recovered, "dead letters of " + topic);
    container.stop();
  }

  static void refuse(ConsumerRecord<Object, Object> record) {
    throw new IllegalStateException("no such customer", new IllegalArgumentException("id"));
  }

  static ErrorHandlingDeserializer<Object> json() {
    return new ErrorHandlingDeserializer<>(new JacksonJsonDeserializer<>(Object.class, false));
  }

  /** Keys and values that were decoded go back to JSON; those that were not are still bytes. */
  static KafkaTemplate<Object, Object> template(String brokers) {
    var types = new LinkedHashMap<Class<?>, Serializer<?>>();
    types.put(byte[].class, new ByteArraySerializer());
    types.put(Object.class, new JacksonJsonSerializer<>().noTypeInfo());
    Map<String, Object> config = Map.of("bootstrap.servers", brokers, "linger.ms", 0);
    return new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(config,
        new DelegatingByTypeSerializer(new LinkedHashMap<>(types), true),
        new DelegatingByTypeSerializer(new LinkedHashMap<>(types), true)));
  }

  static void await(CountDownLatch latch, String what) throws InterruptedException {
    if (!latch.await(TIMEOUT_S, TimeUnit.SECONDS))
      throw new IllegalStateException(latch.getCount() + " missing: " + what);
  }

  // ---- reading

  static void read(String brokers, String topic, int count) throws Exception {
    try (var context = new AnnotationConfigApplicationContext()) {
      context.registerBean(Reader.class, () -> new Reader(count));
      context.registerBean("containers", ConcurrentKafkaListenerContainerFactory.class, () -> containers(brokers));
      context.getEnvironment().getSystemProperties().put("topic", topic);
      context.register(Reading.class);
      context.refresh();
      await(context.getBean(Reader.class).heard, "records of " + topic);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableKafka
  static class Reading {}

  static ConcurrentKafkaListenerContainerFactory<byte[], byte[]> containers(String brokers) {
    var factory = new ConcurrentKafkaListenerContainerFactory<byte[], byte[]>();
    factory.setConsumerFactory(new DefaultKafkaConsumerFactory<>(
        consumerConfig(brokers, UUID.randomUUID().toString()), new ByteArrayDeserializer(), new ByteArrayDeserializer()));
    return factory;
  }

  static class Reader {
    final CountDownLatch heard;
    final JsonMapper mapper = new JsonMapper();

    Reader(int count) {
      heard = new CountDownLatch(count);
    }

    /** Each header in the type that it has for Spring's users. */
    @KafkaListener(topics = "${topic}", containerFactory = "containers")
    void onDeadLetter(ConsumerRecord<byte[], byte[]> record,
        @Header(KafkaHeaders.DLT_ORIGINAL_TOPIC) String topic,
        @Header(KafkaHeaders.DLT_ORIGINAL_PARTITION) int partition,
        @Header(KafkaHeaders.DLT_ORIGINAL_OFFSET) long offset,
        @Header(KafkaHeaders.DLT_ORIGINAL_TIMESTAMP) long timestamp,
        @Header(KafkaHeaders.DLT_ORIGINAL_TIMESTAMP_TYPE) String timestampType,
        @Header(KafkaHeaders.DLT_ORIGINAL_CONSUMER_GROUP) String group,
        @Header(name = KafkaHeaders.DLT_EXCEPTION_FQCN, required = false) String exception,
        @Header(name = KafkaHeaders.DLT_EXCEPTION_CAUSE_FQCN, required = false) String cause,
        @Header(name = KafkaHeaders.DLT_EXCEPTION_MESSAGE, required = false) String message,
        @Header(name = KafkaHeaders.DLT_EXCEPTION_STACKTRACE, required = false) String stackTrace,
        @Header(name = KafkaHeaders.DLT_KEY_EXCEPTION_FQCN, required = false) String keyException,
        @Header(name = KafkaHeaders.DLT_KEY_EXCEPTION_MESSAGE, required = false) String keyMessage,
        @Header(name = KafkaHeaders.DLT_KEY_EXCEPTION_STACKTRACE, required = false) String keyStackTrace) {
      var letter = new LinkedHashMap<String, Object>();
      letter.put("topic", topic);
      letter.put("partition", partition);
      letter.put("offset", offset);
      letter.put("timestamp", timestamp);
      letter.put("timestampType", timestampType);
      letter.put("group", group);
      letter.put("exception", exception);
      letter.put("cause", cause);
      letter.put("message", message);
      letter.put("stackTrace", stackTrace);
      letter.put("keyException", keyException);
      letter.put("keyMessage", keyMessage);
      letter.put("keyStackTrace", keyStackTrace);
      System.out.println(mapper.writeValueAsString(letter));
      heard.countDown();
    }
  }
}
