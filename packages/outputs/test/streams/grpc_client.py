"""A client of falco.outputs.service, made of Debian's grpcio and protobuf alone: its messages are described here, independently of falc.

Usage: grpc_client.py ADDRESS get|sub COUNT [CA CERT KEY]: prints COUNT alerts, or all that get returns, as lines of JSON."""
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, timestamp_pb2

F = descriptor_pb2.FieldDescriptorProto
file = descriptor_pb2.FileDescriptorProto(
    name="outputs.proto", package="falco.outputs", syntax="proto3", dependency=["google/protobuf/timestamp.proto"])
for enum, names in {
    "priority": "EMERGENCY ALERT CRITICAL ERROR WARNING NOTICE INFORMATIONAL DEBUG",
    "source": "SYSCALL K8S_AUDIT INTERNAL PLUGIN",
}.items():
    kind = file.enum_type.add(name=enum)
    for number, name in enumerate(names.split()):
        kind.value.add(name=name, number=number)
file.message_type.add(name="request")
response = file.message_type.add(name="response")
entry = response.nested_type.add(name="OutputFieldsEntry")
entry.options.map_entry = True
for number, name in [(1, "key"), (2, "value")]:
    entry.field.add(name=name, number=number, type=F.TYPE_STRING, label=F.LABEL_OPTIONAL)
prefix = ".falco.outputs."
for number, name, type, type_name, label in [
    (1, "time", F.TYPE_MESSAGE, ".google.protobuf.Timestamp", F.LABEL_OPTIONAL),
    (2, "priority", F.TYPE_ENUM, prefix + "priority", F.LABEL_OPTIONAL),
    (3, "source_deprecated", F.TYPE_ENUM, prefix + "source", F.LABEL_OPTIONAL),
    (4, "rule", F.TYPE_STRING, None, F.LABEL_OPTIONAL),
    (5, "output", F.TYPE_STRING, None, F.LABEL_OPTIONAL),
    (6, "output_fields", F.TYPE_MESSAGE, prefix + "response.OutputFieldsEntry", F.LABEL_REPEATED),
    (7, "hostname", F.TYPE_STRING, None, F.LABEL_OPTIONAL),
    (8, "tags", F.TYPE_STRING, None, F.LABEL_REPEATED),
    (9, "source", F.TYPE_STRING, None, F.LABEL_OPTIONAL),
]:
    response.field.add(name=name, number=number, type=type, type_name=type_name, label=label)

pool = descriptor_pool.Default()
pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
pool.Add(file)
Request, Response = (message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("falco.outputs." + name))
                     for name in ("request", "response"))

address, method, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
if len(sys.argv) > 4:
    ca, cert, key = (open(path, "rb").read() for path in sys.argv[4:7])
    channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(ca, key, cert))
else:
    channel = grpc.insecure_channel(address)
codec = {"request_serializer": Request.SerializeToString, "response_deserializer": Response.FromString}
path = "/falco.outputs.service/" + method
try:
    if method == "get":
        stream = channel.unary_stream(path, **codec)(Request(), timeout=60)
    else:
        stream = channel.stream_stream(path, **codec)(iter([Request()]), timeout=60)
    print("ready", flush=True)
    for message in stream:
        if len(message.UnknownFields()):
            sys.exit("unknown fields")
        print(json.dumps(json_format.MessageToDict(message, preserving_proto_field_name=True)), flush=True)
        count -= 1
        if count == 0:
            break
except grpc.RpcError as error:
    print(json.dumps({"error": error.code().name}), flush=True)
