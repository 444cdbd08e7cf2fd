"""
Objects against the API's own models, which come with the Kubernetes client for Python: unknown keys, other types, and what is missing.

    strict.py < OBJECTS.json     prints what is wrong, a line for each object
"""
import json
import re
import sys

from kubernetes.client import ApiClient, models


class Refused(Exception):
    def __init__(self, code, reason, message, after=None):
        self.status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
        self.code, self.after = code, after


def check(value, type_name, path, nulls):
    """A value against the type of a model: unknown keys and other types are refused."""
    if value is None and nulls:
        return
    inner = re.fullmatch(r"(list|dict)\[(?:\(?str, ?)?(.+?)\)?\]|dict\(str, (.+)\)", type_name)
    if inner:
        is_list = type_name.startswith("list")
        if not isinstance(value, list if is_list else dict):
            raise Refused(400, "BadRequest", f"strict decoding error: {path}: expected {type_name}")
        element = inner[2] or inner[3]
        for key, one in enumerate(value) if is_list else value.items():
            check(one, element, f"{path}[{key}]", nulls)
        return
    simple = {"str": str, "int": int, "bool": bool, "float": (int, float), "datetime": str, "object": object}.get(type_name)
    if simple:
        if not isinstance(value, simple) or (type_name == "int" and isinstance(value, bool)):
            raise Refused(400, "BadRequest", f"strict decoding error: {path}: expected {type_name}, got {json.dumps(value)}")
        return
    model = getattr(models, type_name)
    if not isinstance(value, dict):
        raise Refused(400, "BadRequest", f"strict decoding error: {path}: expected an object")
    names = {written: name for name, written in model.attribute_map.items()}
    for key, one in value.items():
        if key not in names:
            raise Refused(400, "BadRequest", f'strict decoding error: unknown field "{path}.{key}"')
        check(one, model.openapi_types[names[key]], f"{path}.{key}", nulls)


def complete(value, model):
    """What a model demands is there, and one of the values that it may be."""
    try:
        ApiClient()._ApiClient__deserialize(value, model)
    except ValueError as error:
        raise Refused(422, "Invalid", str(error))


def model_of(api_version, kind):
    group, _, version = api_version.rpartition("/")
    return (version[:1].upper() + version[1:] + kind) if "." not in group or group.endswith(".k8s.io") else None


if __name__ == "__main__":
    for value in json.load(sys.stdin):
        model = model_of(value["apiVersion"], value["kind"])
        try:
            check(value, model, value["kind"], False)
            complete(value, model)
        except Refused as error:
            print(f"{value['kind']}/{value['metadata'].get('name')}: {error.status['message']}")
