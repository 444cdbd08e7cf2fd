"""What Kubernetes' own client for Python gets from the stand-in. client.py URL TOKEN-FILE"""
import sys
from kubernetes import client, watch
configuration = client.Configuration()
configuration.host, configuration.api_key = sys.argv[1], {"authorization": "Bearer " + open(sys.argv[2]).read().strip()}
core = client.CoreV1Api(client.ApiClient(configuration))
def status(call):
    try:
        call()
        return 200
    except client.ApiException as error:
        return error.status
pod = core.read_namespaced_pod("web-0", "shop")
print(pod.metadata.labels["app"], len(core.list_namespaced_pod("shop").items) > 1, core.list_node().items[0].metadata.name)
print(status(lambda: core.patch_namespaced_pod("web-0", "shop", {"metadata": {"labels": {"x": "y"}}}, field_validation="Strict")))
print(status(lambda: core.patch_namespaced_pod("web-0", "shop", {"metadata": {"lables": {}}})))
print(status(lambda: core.patch_namespaced_pod("web-0", "shop", {"metadata": {"labels": {"x": 1}}})))
print(status(lambda: core.delete_namespaced_pod("web-0", "shop", body=client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="other")))))
print(status(lambda: core.delete_namespaced_pod("web-0", "shop", dry_run="All")), status(lambda: core.read_namespaced_pod("web-0", "shop")))
print(status(lambda: core.list_namespaced_secret("shop")), status(lambda: core.delete_node("node-1")))
print(status(lambda: core.create_namespaced_pod_eviction("web-0", "shop", client.V1Eviction(metadata=client.V1ObjectMeta(name="web-0")))), status(lambda: core.read_namespaced_pod("web-0", "shop")))
listed = core.list_namespaced_pod("shop")
core.patch_namespaced_pod(listed.items[0].metadata.name, "shop", {"metadata": {"labels": {"seen": "yes"}}})
changes = watch.Watch().stream(core.list_namespaced_pod, "shop", resource_version=listed.metadata.resource_version, timeout_seconds=1)
print([(change["type"], change["object"].metadata.labels["seen"]) for change in changes])
