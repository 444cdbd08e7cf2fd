"""
A stand-in for the API server, strict: paths, verbs, keys and types are those of the API's own models, which come with the Kubernetes
client for Python. It evaluates roles, UIDs and resource versions, stores nothing in a dry run, and refuses what it is told to. Lists come
in pages of one moment, watches tell every change in order from a version on, or that it is too old.

    apiserver.py ROLES.json TOKEN-FILE [CERTIFICATE KEY]     prints its port; a line on standard input is a command:

    put KIND JSON              an object, as if somebody had made it
    remove KIND NAMESPACE NAME
    get KIND NAMESPACE NAME    prints it as JSON, or null
    all KIND                   prints all of them
    answer STATUS N            the next N writes get this status
    compact                    changes until now are forgotten, and pages begun
    disconnect                 every watch ends in the middle of an event
    watches                    prints how many there are
    executed                   prints the commands that were run in containers
"""
import base64
import json
import re
import ssl
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from kubernetes.client import models
from strict import Refused, check

import websocket_exec as remote

# (group, version, plural): (kind, model, namespaced)
RESOURCES = {
    ("", "v1", "pods"): ("Pod", "V1Pod", True),
    ("", "v1", "nodes"): ("Node", "V1Node", False),
    ("", "v1", "namespaces"): ("Namespace", "V1Namespace", False),
    ("", "v1", "services"): ("Service", "V1Service", True),
    ("", "v1", "replicationcontrollers"): ("ReplicationController", "V1ReplicationController", True),
    ("apps", "v1", "replicasets"): ("ReplicaSet", "V1ReplicaSet", True),
    ("apps", "v1", "deployments"): ("Deployment", "V1Deployment", True),
    ("apps", "v1", "statefulsets"): ("StatefulSet", "V1StatefulSet", True),
    ("apps", "v1", "daemonsets"): ("DaemonSet", "V1DaemonSet", True),
    ("batch", "v1", "jobs"): ("Job", "V1Job", True),
    ("batch", "v1", "cronjobs"): ("CronJob", "V1CronJob", True),
    ("networking.k8s.io", "v1", "networkpolicies"): ("NetworkPolicy", "V1NetworkPolicy", True),
    ("rbac.authorization.k8s.io", "v1", "rolebindings"): ("RoleBinding", "V1RoleBinding", True),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings"): ("ClusterRoleBinding", "V1ClusterRoleBinding", False),
    ("events.k8s.io", "v1", "events"): ("Event", "EventsV1Event", True),
}
KINDS = {kind: key for key, (kind, _, _) in RESOURCES.items()}
SUBRESOURCES = {"eviction": ("POST", "create"), "log": ("GET", "get"), "ephemeralcontainers": ("PATCH", "patch"), "exec": ("GET", "get")}
TRUE = ("1", "t", "T", "true", "TRUE", "True")
EXEC_QUERY = {"command", "container", "stdin", "stdout", "stderr", "tty"}
QUERY = {
    "GET": {"fieldSelector", "labelSelector", "limit", "continue", "tailLines", "limitBytes", "container", "pretty"},
    "WATCH": {"watch", "allowWatchBookmarks", "resourceVersion", "timeoutSeconds", "fieldSelector", "labelSelector", "pretty"},
    "POST": {"dryRun", "fieldManager", "fieldValidation", "pretty"},
    "PATCH": {"dryRun", "fieldManager", "fieldValidation", "force", "pretty"},
    "DELETE": {"dryRun", "pretty"},
}

lock = threading.Condition(threading.RLock())
objects = {}
version = 0
told = []
# (version, kind, before, after), from the version after `compacted` on
history = []
compacted = 0
pages = {}
disconnects = 0
watches = 0
executed = []


def discovery(path):
    """What there is, as kubectl asks for it; None: another path."""
    groups = sorted({group for group, _, _ in RESOURCES if group})
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        versions = {group: {"groupVersion": f"{group}/v1", "version": "v1"} for group in groups}
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": group, "versions": [one], "preferredVersion": one} for group, one in versions.items()]}
    group = "" if path == "/api/v1" else path.removeprefix("/apis/").removesuffix("/v1")
    if path != "/api/v1" and group not in groups:
        return None
    verbs = ["create", "delete", "get", "list", "patch", "watch"]
    resources = [
        {"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs}
        for (of, _, plural), (kind, _, namespaced) in RESOURCES.items()
        if of == group
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/v1" if group else "v1", "resources": resources}


def merge(old, patch):
    if not isinstance(patch, dict):
        return patch
    merged = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")


def validate(kind, value):
    for name, label in (value["metadata"].get("labels") or {}).items():
        if not LABEL.fullmatch(label):
            raise Refused(422, "Invalid", f'{kind} is invalid: metadata.labels: Invalid value: "{label}"')


def put(kind, value):
    global version
    version += 1
    metadata = value.setdefault("metadata", {})
    metadata.setdefault("uid", str(uuid.uuid4()))
    metadata.setdefault("creationTimestamp", "2025-12-01T00:00:00Z")
    metadata["resourceVersion"] = str(version)
    group, api, _ = KINDS[kind]
    value.setdefault("kind", kind)
    value.setdefault("apiVersion", f"{group}/{api}" if group else api)
    place = kind, metadata.get("namespace"), metadata["name"]
    changed(kind, objects.get(place), value)
    objects[place] = value
    return value


def remove(kind, namespace, name):
    global version
    found = objects.pop((kind, namespace, name))
    version += 1
    last = {**found, "metadata": {**found["metadata"], "resourceVersion": str(version)}}
    changed(kind, found, last, True)
    return found


def changed(kind, before, after, gone=False):
    history.append((version, kind, before, None if gone else after, after))
    lock.notify_all()


def selector(query):
    """What a field selector holds for."""
    wanted = dict(pair.split("=") for pair in query.get("fieldSelector", "").split(",") if pair)
    if set(wanted) - {"spec.nodeName", "metadata.name"}:
        raise Refused(400, "BadRequest", "field label not supported")
    return lambda value: all((value.get(key.split(".")[0]) or {}).get(key.split(".")[1]) == text for key, text in wanted.items())


def partial(value):
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"]}


def expired(message):
    return Refused(410, "Expired", message)


class Watch:
    """The changes of a kind from a version on."""

    def __init__(self, kind, namespace, query, shown):
        self.kind, self.namespace, self.shown = kind, namespace, shown
        self.holds = selector(query)
        self.bookmarks = query.get("allowWatchBookmarks") == "true"
        self.end = time.monotonic() + int(query.get("timeoutSeconds", "1800"))
        self.at = int(query["resourceVersion"]) if query.get("resourceVersion", "").isdigit() else None
        if self.at is None or self.at == 0:
            raise Refused(400, "BadRequest", "the stand-in watches from a version that a list had")
        if self.at > version:
            raise Refused(504, "Timeout", "Too large resource version")
        if self.at < compacted and self.at % 2:
            raise expired(f"too old resource version: {self.at} ({compacted})")
        self.disconnects = disconnects

    def next(self):
        """Lines, "half" of one, or None at the end. Waits with the lock."""
        while True:
            if self.disconnects != disconnects:
                return "half"
            if self.at < compacted:
                refused = expired(f"too old resource version: {self.at} ({compacted})")
                return [{"type": "ERROR", "object": refused.status}, None]
            # Versions follow each other.
            lines = [line for entry in history[self.at - compacted :] for line in self.line(*entry)]
            moved, self.at = self.at != version, version
            if lines:
                return lines
            left = self.end - time.monotonic()
            if left <= 0:
                return [self.bookmark(), None] if self.bookmarks else None
            if not lock.wait(min(left, 0.5)) and moved and self.bookmarks:
                return [self.bookmark()]

    def bookmark(self):
        metadata = {"resourceVersion": str(version), "creationTimestamp": None}
        group, api, _ = KINDS[self.kind]
        value = {"kind": self.kind, "apiVersion": f"{group}/{api}" if group else api, "metadata": metadata}
        return {"type": "BOOKMARK", "object": partial(value) if self.shown is partial else value}

    def line(self, _, kind, before, after, last):
        if kind != self.kind or self.namespace not in (None, last["metadata"].get("namespace")):
            return
        was, now = before is not None and self.holds(before), after is not None and self.holds(after)
        if was or now:
            yield {"type": "MODIFIED" if was and now else "ADDED" if now else "DELETED", "object": self.shown(last)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do(self):
        try:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            with lock:
                answer = self.handle_request(body)
                if isinstance(answer, tuple):
                    return self.answer(*answer)
            self.stream(answer) if isinstance(answer, Watch) else answer()
        except Refused as refused:
            self.answer(refused.code, refused.status, refused.after)
        except Exception as error:
            self.answer(500, {"kind": "Status", "message": f"the stand-in is broken: {error!r}", "code": 500})

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do

    def answer(self, code, value, after=None):
        text = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(code)
        self.send_header("content-type", "text/plain" if isinstance(value, str) else "application/json")
        self.send_header("content-length", str(len(text)))
        if after is not None:
            self.send_header("retry-after", str(after))
        self.end_headers()
        self.wfile.write(text)

    def stream(self, watch):
        global watches
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        with lock:
            watches += 1
        try:
            while True:
                with lock:
                    lines = watch.next()
                if lines == "half":
                    self.piece(b'{"type": "MODIFIED", "object": {"metadata": {"resourceVersion": "')
                    self.close_connection = True
                    return
                text = b"".join(json.dumps(line).encode() + b"\n" for line in lines or [] if line)
                # Pieces do not end where lines do.
                for at in range(0, len(text), 5000):
                    self.piece(text[at : at + 5000])
                if lines is None or lines[-1] is None:
                    self.wfile.write(b"0\r\n\r\n")
                    return
        except OSError:
            self.close_connection = True
        finally:
            with lock:
                watches -= 1

    def piece(self, text):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))

    def handle_request(self, body):
        with open(sys.argv[2]) as file:
            if self.headers.get("authorization") != f"Bearer {file.read().strip()}":
                raise Refused(401, "Unauthorized", "Unauthorized")
        url = urlsplit(self.path)
        found = discovery(url.path) if self.command == "GET" else None
        if found:
            return 200, found
        kubelet = re.fullmatch(r"/api/v1/nodes/([^/]+)/proxy/checkpoint/([^/]+)/([^/]+)/([^/]+)", url.path)
        if kubelet and self.command == "POST":
            self.authorize("create", "", "nodes/proxy", None)
            return self.checkpoint(*map(unquote, kubelet.groups()), url.query)
        path = re.fullmatch(r"/(?:api|apis/([a-z0-9.]+))/(v\d+)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+)(?:/([a-z]+))?)?", url.path)
        group, api, namespace, plural, name, sub = path.groups() if path else [None] * 6
        resource = RESOURCES.get((group or "", api, plural))
        if not resource or (namespace and not resource[2]) or (sub and (plural != "pods" or sub not in SUBRESOURCES)):
            raise Refused(404, "NotFound", f"the server could not find the requested resource: {url.path}")
        kind, model, namespaced = resource
        namespace, name = namespace and unquote(namespace), name and unquote(name)
        method = self.command
        query = {key: values[0] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        watching = query.get("watch") in TRUE
        unknown = set(query) - (EXEC_QUERY if sub == "exec" else QUERY.get("WATCH" if watching else method, set()))
        if unknown:
            raise Refused(400, "BadRequest", f"unknown query parameters: {', '.join(sorted(unknown))}")
        if query.get("dryRun", "All") != "All" or query.get("fieldValidation", "Strict") != "Strict":
            raise Refused(400, "BadRequest", "the stand-in takes dryRun=All and fieldValidation=Strict")
        verb = SUBRESOURCES[sub][1] if sub else {"GET": "get" if name else "list", "POST": "create", "PATCH": "patch", "DELETE": "delete"}.get(method)
        if verb is None or (sub and SUBRESOURCES[sub][0] != method) or ((method == "POST" and not sub) == bool(name)):
            if not (method == "GET" and not name):
                raise Refused(405, "MethodNotAllowed", f"the server does not allow {method} here")
        if namespaced and name and not namespace:
            raise Refused(404, "NotFound", "a namespaced object has a namespace")
        if watching and (verb != "list"):
            raise Refused(400, "BadRequest", "the stand-in watches kinds")
        verb = "watch" if watching else verb
        self.authorize(verb, group or "", f"{plural}/{sub}" if sub else plural, namespace)
        if method != "GET" and told:
            status = told.pop(0)
            raise Refused(status, "TooManyRequests" if status == 429 else "InternalError", "as told", 0 if status == 429 else None)
        dry = "dryRun" in query
        if method == "GET" and not name:
            shown = self.shown("PartialObjectMetadata" if watching else "PartialObjectMetadataList")
            return Watch(kind, namespace, query, shown) if watching else (200, self.list(kind, namespace, query, shown))
        if method == "POST" and not sub:
            return self.create(kind, model, namespace, body, dry)
        found = objects.get((kind, namespace, name))
        if found is None:
            raise Refused(404, "NotFound", f'{plural} "{name}" not found')
        if sub == "exec":
            self.authorize("create", "", "pods/exec", namespace)
            return self.execute(found, parse_qs(url.query, keep_blank_values=True))
        if sub == "log":
            lines = "".join(f"line {i}\n" for i in range(int(query.get("tailLines", "3"))))
            return 200, (found["metadata"].get("annotations") or {}).get("test/log", lines)
        if method == "GET":
            return 200, found
        if sub == "eviction":
            return self.evict(found, body, dry)
        if method == "DELETE":
            return self.delete(kind, found, body, dry)
        if sub == "ephemeralcontainers":
            return self.ephemeral(found, body, dry)
        return self.patch(kind, model, found, body, dry)

    def authorize(self, verb, group, resource, namespace):
        with open(sys.argv[1]) as file:
            roles = json.load(file)
        for role in roles:
            if role["kind"] == "Role" and role["metadata"]["namespace"] != namespace:
                continue
            for rule in role["rules"]:
                if group in rule["apiGroups"] and resource in rule["resources"] and verb in rule["verbs"]:
                    return
        where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
        raise Refused(403, "Forbidden", f'User "falc" cannot {verb} resource "{resource}" in API group "{group}"{where}')

    def shown(self, name):
        """Whole objects, or their metadata alone."""
        first = self.headers.get("accept", "*/*").split(",")[0].replace(" ", "").split(";")
        if first[0] not in ("application/json", "*/*"):
            raise Refused(406, "NotAcceptable", f"the stand-in has no {first[0]}")
        if len(first) == 1:
            return lambda value: value
        if set(first[1:]) != {f"as={name}", "g=meta.k8s.io", "v=v1"}:
            raise Refused(406, "NotAcceptable", f"only the following media types are accepted: as={name};g=meta.k8s.io;v=v1")
        return partial

    def list(self, kind, namespace, query, shown):
        limit = int(query.get("limit", "0"))
        if "continue" in query:
            moment, at = json.loads(base64.b64decode(query["continue"]))
            if moment not in pages:
                raise expired("The provided continue parameter is too old")
            items = pages[moment]
        else:
            moment, at, holds = version, 0, selector(query)
            items = [one for (k, n, _), one in objects.items() if k == kind and namespace in (None, n) and holds(one)]
            if 0 < limit < len(items):
                moment = f"{version} {uuid.uuid4()}"
                pages[moment] = items
        metadata = {"resourceVersion": str(moment).split(" ")[0]}
        end = at + limit if limit else len(items)
        if end < len(items):
            metadata["continue"] = base64.b64encode(json.dumps([moment, end]).encode()).decode()
            metadata["remainingItemCount"] = len(items) - end
        else:
            pages.pop(moment, None)
        group, api, _ = KINDS[kind]
        if shown is partial:
            return {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": [partial(one) for one in items[at:end]]}
        return {"kind": f"{kind}List", "apiVersion": f"{group}/{api}" if group else api, "metadata": metadata, "items": items[at:end]}

    def parsed(self, body, *types):
        if self.headers.get("content-type") not in types:
            raise Refused(415, "UnsupportedMediaType", f"the body of this is {types[0]}")
        try:
            return json.loads(body)
        except ValueError as error:
            raise Refused(400, "BadRequest", str(error))

    def create(self, kind, model, namespace, body, dry):
        value = self.parsed(body, "application/json")
        check(value, model, kind, False)
        validate(kind, value)
        getattr(models, model)  # what the model itself demands
        metadata = value["metadata"]
        if metadata.get("namespace", namespace) != namespace or value.get("kind", kind) != kind:
            raise Refused(400, "BadRequest", "the object is not of this place")
        if "generateName" in metadata:
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        if kind == "NetworkPolicy" and "podSelector" not in value.get("spec", {}):
            raise Refused(422, "Invalid", "spec.podSelector: Required value")
        if kind == "Event":
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value["eventTime"]) or len(value["note"].encode()) > 1024:
                raise Refused(422, "Invalid", "eventTime: microseconds; note: 1024 bytes")
        if kind.endswith("Binding") and not (value.get("roleRef") or {}).get("apiGroup"):
            raise Refused(422, "Invalid", "roleRef.apiGroup: Required value")
        if (kind, namespace, metadata["name"]) in objects:
            raise Refused(409, "AlreadyExists", f'"{metadata["name"]}" already exists')
        if namespace:
            metadata["namespace"] = namespace
        return 201, value if dry else put(kind, value)

    def checkpoint(self, node, namespace, name, container, query):
        pod = objects.get(("Pod", namespace, name))
        known = pod and pod["spec"].get("nodeName") == node and any(one["name"] == container for one in pod["spec"]["containers"])
        if query or not known:
            raise Refused(404, "NotFound", "the kubelet has no such container, and takes no query")
        return 200, {"items": [f"/var/lib/kubelet/checkpoints/checkpoint-{name}_{namespace}-{container}.tar"]}

    def execute(self, found, query):
        """A command in a container: what is left to do without the lock."""
        names = [one["name"] for one in found["spec"]["containers"]]
        container, command = query.get("container", names[:1])[0], query.get("command", [])
        if container not in names:
            raise Refused(400, "BadRequest", f"container {container} is not valid for pod {found['metadata']['name']}")
        if not command or not any(query.get(name, [""])[0] in TRUE for name in ("stdin", "stdout", "stderr")):
            raise Refused(400, "BadRequest", "you must specify a command, and at least one of stdin, stdout, stderr")
        protocol = remote.chosen(self.headers)
        if protocol is None:
            raise Refused(400, "BadRequest", "Upgrade request required")
        executed.append(command)
        return lambda: remote.run(remote.Channels(self, protocol), command, query.get("stdin", [""])[0] in TRUE)

    def ephemeral(self, found, body, dry):
        patch = self.parsed(body, "application/strategic-merge-patch+json")
        check(patch, "V1Pod", "Pod", True)
        metadata, spec = patch.get("metadata") or {}, patch.get("spec") or {}
        if set(spec) != {"ephemeralContainers"} or set(metadata) - {"uid", "resourceVersion"}:
            raise Refused(422, "Invalid", "only ephemeral containers may be changed here")
        for key, value in metadata.items():
            if found["metadata"][key] != value:
                raise Refused(409, "Conflict", f"{key} is another one")
        there = list(found["spec"].get("ephemeralContainers") or [])
        for one in spec["ephemeralContainers"]:
            if not one.get("image") or one.get("targetContainerName") not in [c["name"] for c in found["spec"]["containers"]]:
                raise Refused(422, "Invalid", "an ephemeral container has an image and a container of the pod")
            # Merged by name; one that is there cannot be changed.
            if one["name"] in [old["name"] for old in there]:
                raise Refused(422, "Invalid", "existing ephemeral containers may not be changed")
            there.append(one)
        changed = {**found, "spec": {**found["spec"], "ephemeralContainers": there}}
        return 200, changed if dry else put("Pod", changed)

    def precondition(self, found, wanted):
        uid = (wanted or {}).get("uid")
        if uid is not None and uid != found["metadata"]["uid"]:
            raise Refused(409, "Conflict", f'Precondition failed: UID in precondition: {uid}, UID in object meta: {found["metadata"]["uid"]}')

    def delete(self, kind, found, body, dry):
        options = self.parsed(body, "application/json") if body else {}
        check(options, "V1DeleteOptions", "DeleteOptions", False)
        self.precondition(found, options.get("preconditions"))
        if not dry:
            remove(kind, found["metadata"].get("namespace"), found["metadata"]["name"])
        return 200, found

    def evict(self, found, body, dry):
        value = self.parsed(body, "application/json")
        check(value, "V1Eviction", "Eviction", False)
        if value["metadata"]["name"] != found["metadata"]["name"]:
            raise Refused(400, "BadRequest", "name in URL does not match name in Eviction object")
        self.precondition(found, (value.get("deleteOptions") or {}).get("preconditions"))
        if (found["metadata"].get("annotations") or {}).get("test/budget"):
            raise Refused(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
        if not dry:
            remove("Pod", found["metadata"]["namespace"], found["metadata"]["name"])
        return 201, {"kind": "Status", "apiVersion": "v1", "status": "Success", "code": 201}

    def patch(self, kind, model, found, body, dry):
        # The strategic one, which clients of others send, is the same where there are no lists.
        patch = self.parsed(body, "application/merge-patch+json", "application/strategic-merge-patch+json")
        if "strategic" in self.headers.get("content-type") and b"[" in body:
            raise Refused(415, "UnsupportedMediaType", "the stand-in merges no lists")
        check(patch, model, kind, True)
        metadata = patch.get("metadata") or {}
        if metadata.get("uid", found["metadata"]["uid"]) != found["metadata"]["uid"]:
            raise Refused(409, "Conflict", "Precondition failed: UID")
        if metadata.get("resourceVersion", found["metadata"]["resourceVersion"]) != found["metadata"]["resourceVersion"]:
            raise Refused(409, "Conflict", "the object has been modified; please apply your changes to the latest version")
        merged = merge(found, patch)
        check(merged, model, kind, False)
        validate(kind, merged)
        return 200, merged if dry else put(kind, merged)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 3:
    secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secure.load_cert_chain(*sys.argv[3:5])
    server.socket = secure.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
for line in sys.stdin:
    command, *rest = line.strip().split(" ", 2)
    with lock:
        if command == "put":
            print(json.dumps(put(rest[0], json.loads(rest[1]))), flush=True)
        elif command == "get":
            kind, (namespace, name) = rest[0], rest[1].split(" ")
            print(json.dumps(objects.get((kind, None if namespace == "-" else namespace, name))), flush=True)
        elif command == "list":
            print(json.dumps([name for kind, _, name in objects if kind == rest[0]]), flush=True)
        elif command == "remove":
            kind, (namespace, name) = rest[0], rest[1].split(" ")
            remove(kind, None if namespace == "-" else namespace, name)
            print("ok", flush=True)
        elif command == "all":
            print(json.dumps([one for (kind, _, _), one in objects.items() if kind == rest[0]]), flush=True)
        elif command == "compact":
            compacted = version
            history.clear()
            pages.clear()
            lock.notify_all()
            print("ok", flush=True)
        elif command == "disconnect":
            disconnects += 1
            lock.notify_all()
            print("ok", flush=True)
        elif command == "executed":
            print(json.dumps(executed), flush=True)
        elif command == "watches":
            print(json.dumps(watches), flush=True)
        elif command == "answer":
            told += [int(rest[0])] * int(rest[1])
            print("ok", flush=True)
