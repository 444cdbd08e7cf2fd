"""Reads a topic with python3-kafka: prints each record as one line of JSON, and ends when there is no more."""
import json
import sys

from kafka import KafkaConsumer

consumer = KafkaConsumer(sys.argv[2], bootstrap_servers=sys.argv[1], auto_offset_reset="earliest", consumer_timeout_ms=2000)
for record in consumer:
    headers = {name: value.decode() for name, value in record.headers}
    print(json.dumps({"key": record.key.decode(), "headers": headers, "value": record.value.decode(), "time": record.timestamp}))
