"""What an application does with confluent-kafka, from end to end; tells what it saw as JSON."""
import json
import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

BROKERS, TOPIC, GROUP = sys.argv[1:4]
COUNT = 100
PATIENCE_S = 30


def make_topic():
    admin = AdminClient({"bootstrap.servers": BROKERS})
    config = {"retention.ms": "600000"}
    admin.create_topics([NewTopic(TOPIC, num_partitions=2, replication_factor=1, config=config)])[TOPIC].result()
    resource = ConfigResource(ConfigResource.Type.TOPIC, TOPIC)
    (described,) = admin.describe_configs([resource]).values()
    partitions = admin.list_topics(TOPIC, timeout=PATIENCE_S).topics[TOPIC].partitions
    return {"partitions": sorted(partitions), "retention": described.result()["retention.ms"].value}


def produce():
    delivered = []
    producer = Producer({"bootstrap.servers": BROKERS, "enable.idempotence": True, "compression.type": "lz4"})
    for n in range(COUNT):
        producer.produce(
            TOPIC, value=f"value {n}", key=str(n), headers={"n": str(n)}, partition=n % 2,
            on_delivery=lambda error, message: delivered.append((str(error), message.offset())),
        )
    producer.flush(PATIENCE_S)
    return {"delivered": len(delivered), "errors": sorted({error for error, _ in delivered if error != "None"})}


def read(consumer, count):
    values = []
    while len(values) < count:
        message = consumer.poll(PATIENCE_S)
        assert message is not None and message.error() is None, message
        values.append([message.value().decode(), dict(message.headers() or [])])
    return values


def consume():
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": GROUP, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "isolation.level": "read_committed"})
    consumer.subscribe([TOPIC])
    values = sorted([value, headers["n"].decode()] for value, headers in read(consumer, COUNT))
    consumer.commit(asynchronous=False)
    both = [TopicPartition(TOPIC, partition) for partition in (0, 1)]
    committed = [at.offset for at in consumer.committed(both, timeout=PATIENCE_S)]
    marks = [consumer.get_watermark_offsets(at, timeout=PATIENCE_S) for at in both]
    (timed,) = consumer.offsets_for_times([TopicPartition(TOPIC, 0, 1)], timeout=PATIENCE_S)
    transact(consumer.consumer_group_metadata())
    after = {"read": read(consumer, 1)[0][0],
             "committed": [at.offset for at in consumer.committed(both, timeout=PATIENCE_S)]}
    consumer.close()
    return {"read": values, "committed": committed, "marks": marks, "timed": timed.offset, "transactions": after}


def transact(group_metadata):
    producer = Producer({"bootstrap.servers": BROKERS, "transactional.id": GROUP})
    producer.init_transactions(PATIENCE_S)
    for value, offset in (("aborted", 10), ("committed", 11)):
        producer.begin_transaction()
        producer.produce(TOPIC, value=value, partition=0)
        producer.send_offsets_to_transaction([TopicPartition(TOPIC, 1, offset)], group_metadata, PATIENCE_S)
        if value == "aborted":
            producer.abort_transaction(PATIENCE_S)
        else:
            producer.commit_transaction(PATIENCE_S)


print(json.dumps({"topic": make_topic(), "produced": produce(), "consumed": consume()}))
