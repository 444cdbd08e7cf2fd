"""What Kubernetes' own client for Python gets from the stand-in's exec. exec_client.py URL TOKEN-FILE CERTIFICATE"""
import sys
from kubernetes import client
from kubernetes.stream import stream
configuration = client.Configuration()
configuration.host, configuration.api_key = sys.argv[1], {"authorization": "Bearer " + open(sys.argv[2]).read().strip()}
configuration.ssl_ca_cert = sys.argv[3]
core = client.CoreV1Api(client.ApiClient(configuration))
def run(*command, **more):
    found = stream(core.connect_get_namespaced_pod_exec, "web-0", "shop", container="web", command=list(command), stdout=True, stderr=True, _preload_content=False, **more)
    found.run_forever(timeout=60)
    return found
print(run("args", "a b", "$(id)").read_stdout(), end="")
failed = run("fail", "4")
print(failed.returncode, failed.read_stderr(), end="")
try:
    core.delete_namespaced_pod("web-0", "shop")
except client.ApiException as error:
    print(error.status)
