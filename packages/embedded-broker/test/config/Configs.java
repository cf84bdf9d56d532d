import java.lang.reflect.Field;
import java.util.*;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Prints what Apache Kafka's own code says of configurations, a line of JSON each: name, type, default, and for topics the broker's
 * names of the same thing.
 * From the repository's root: java -cp 'tools/kafka/target/jars/*' packages/embedded-broker/test/config/Configs.java
 * > packages/embedded-broker/test/config/kafka-4.1-configs.jsonl
 */
public class Configs {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    for (ConfigDef.ConfigKey key : sorted(definition(LogConfig.class))) {
      if (!key.name.startsWith("internal.")) System.out.println(json.writeValueAsString(entry("topic", key)));
    }
    for (ConfigDef.ConfigKey key : sorted(AbstractKafkaConfig.CONFIG_DEF)) {
      System.out.println(json.writeValueAsString(entry("broker", key)));
    }
  }

  static ConfigDef definition(Class<?> owner) throws Exception {
    Field field = owner.getDeclaredField("CONFIG");
    field.setAccessible(true);
    return (ConfigDef) field.get(null);
  }

  static Collection<ConfigDef.ConfigKey> sorted(ConfigDef definition) {
    return new TreeMap<>(definition.configKeys()).values();
  }

  static Map<String, Object> entry(String of, ConfigDef.ConfigKey key) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("of", of);
    entry.put("name", key.name);
    entry.put("type", key.type.name().toLowerCase());
    boolean has = key.defaultValue != null && key.defaultValue != ConfigDef.NO_DEFAULT_VALUE;
    entry.put("defaultValue", has ? ConfigDef.convertToString(key.defaultValue, key.type) : null);
    if (of.equals("topic")) entry.put("synonym", ServerTopicConfigSynonyms.TOPIC_CONFIG_SYNONYMS.get(key.name));
    return entry;
  }
}
