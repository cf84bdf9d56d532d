package com.flipkart.priority.kafka.client.consumer.burst;

import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Wrote flipkart-vectors.jsonl: what Flipkart's own classes (github.com/flipkart-incubator/priority-kafka-client, 1.0.0,
 * commit ba13a71) do, on kafka-clients 0.10.1.1 and JDK 17. In their package because the constructor with windows is
 * not public. The one method replaced is the one that writes a consumer's limit by reflection; the consumers below it
 * return as many records as their limit and the scripted backlog allow.
 *
 * A line is a distribution {levels, capacity, shares}, or a trace {levels, capacity, size, threshold, polls} whose polls
 * are [backlogs, limits, counts]. Everything by level, the least urgent first.
 */
public class FlipkartVectors {
  public static void main(String[] args) {
    Random random = new Random(20180928);
    int[][] known = {{3, 50}, {3, 10}, {3, 7}, {3, 100}, {3, 13}, {1, 50}, {4, 100}, {5, 500}, {10, 1023}, {16, 65535},
        {1, 1}, {2, 3}, {15, 32768}, {12, 99999}, {8, 2147483}, {2, 1000000000}};
    for (int[] one : known) distribution(one[0], one[1]);
    for (int i = 0; i < 40; i++) {
      int levels = 1 + random.nextInt(12);
      int least = (1 << levels) - 1;
      distribution(levels, least + random.nextInt(50 * least / levels));
    }
    int[][] settings = {{3, 50, 6, 4, 60}, {3, 50, 6, 4, 60}, {3, 50, 6, 1, 60}, {3, 50, 6, 6, 60}, {3, 13, 3, 2, 36},
        {1, 5, 6, 4, 36}, {2, 9, 6, 4, 36}, {4, 100, 6, 4, 36}, {5, 500, 10, 5, 36}, {3, 7, 1, 1, 36}};
    for (int[] one : settings) trace(one[0], one[1], one[2], one[3], one[4], random);
  }

  static void distribution(int levels, int capacity) {
    Map<Integer, Integer> shares = ExpMaxPollRecordsDistributor.instance().distribution(levels, capacity);
    int[] byLevel = new int[levels];
    for (int i = 0; i < levels; i++) byLevel[i] = shares.get(i);
    System.out.printf("{\"levels\":%d,\"capacity\":%d,\"shares\":%s}%n", levels, capacity, json(byLevel));
  }

  static void trace(int levels, int capacity, int size, int threshold, int polls, Random random) {
    Map<Integer, Integer> quotas = ExpMaxPollRecordsDistributor.instance().distribution(levels, capacity);
    Map<Integer, KafkaConsumer<byte[], byte[]>> consumers = new HashMap<>();
    Map<Integer, Window> windows = new HashMap<>();
    Level[] all = new Level[levels];
    for (int i = 0; i < levels; i++) {
      consumers.put(i, all[i] = new Level(i, quotas.get(i)));
      windows.put(i, new Window(size, threshold, quotas.get(i)));
    }
    Subject subject = new Subject(levels, capacity, consumers, windows);
    List<String> seen = new ArrayList<>();
    for (int poll = 0; poll < polls; poll++) {
      int[] backlogs = new int[levels], limits = new int[levels], counts = new int[levels];
      for (int i = 0; i < levels; i++) backlogs[i] = all[i].nextBacklog(poll == 0, quotas.get(i), capacity, random);
      subject.poll(0);
      for (int i = 0; i < levels; i++) {
        limits[i] = all[i].limitOfPoll;
        counts[i] = all[i].countOfPoll;
      }
      seen.add("[" + json(backlogs) + "," + json(limits) + "," + json(counts) + "]");
    }
    System.out.printf("{\"levels\":%d,\"capacity\":%d,\"size\":%d,\"threshold\":%d,\"polls\":[%s]}%n", levels, capacity,
        size, threshold, String.join(",", seen));
  }

  static String json(int[] numbers) {
    return Arrays.toString(numbers).replace(" ", "");
  }

  static class Subject extends CapacityBurstPriorityKafkaConsumer<byte[], byte[]> {
    Subject(int levels, int capacity, Map<Integer, KafkaConsumer<byte[], byte[]>> consumers, Map<Integer, Window> windows) {
      super(levels, capacity, consumers, windows);
    }

    @Override
    void updateMaxPollRecords(KafkaConsumer<byte[], byte[]> consumer, int limit) {
      ((Level) consumer).limit = limit;
    }
  }

  static class Level extends KafkaConsumer<byte[], byte[]> {
    final TopicPartition partition;
    int limit, backlog, mode, limitOfPoll, countOfPoll;

    Level(int priority, int limit) {
      super(Map.of("bootstrap.servers", "localhost:1", "group.id", "g", "client.id", UUID.randomUUID().toString()),
          new ByteArrayDeserializer(), new ByteArrayDeserializer());
      this.partition = new TopicPartition("t-" + priority, 0);
      this.limit = limit;
    }

    /** For some polls in a row: nothing, more than anyone can take, less than the share, or anything. */
    int nextBacklog(boolean first, int quota, int capacity, Random random) {
      if (first || random.nextInt(9) == 0) mode = random.nextInt(4);
      if (mode == 0) return backlog = 0;
      if (mode == 1) return backlog = 10 * capacity;
      return backlog = random.nextInt(mode == 2 ? quota + 1 : 3 * quota + 1);
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(long timeout) {
      limitOfPoll = limit;
      countOfPoll = Math.min(limit, backlog);
      if (countOfPoll == 0) return ConsumerRecords.empty();
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      for (int i = 0; i < countOfPoll; i++) {
        records.add(new ConsumerRecord<>(partition.topic(), partition.partition(), i, null, null));
      }
      return new ConsumerRecords<>(Map.of(partition, records));
    }
  }
}
