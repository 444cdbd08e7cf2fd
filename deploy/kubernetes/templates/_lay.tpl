{{- /* Lays the values over the objects of a dict {root, objects}. Prints nothing: maps are changed where they are. */ -}}
{{- define "falc.lay" -}}
{{- $root := .root }}{{ $v := $root.Values }}{{ $objects := .objects }}

{{- /* What each chapter of the values is about: a workload, the ConfigMaps with its falco.yaml and its rules, a volume. */ -}}
{{- $sensor := dict "env" $v.extra.env }}
{{- range list "falco" "customRules" "podAnnotations" "podLabels" "podPriorityClassName" "resources" "nodeSelector" "affinity" "tolerations" }}
  {{- $_ := set $sensor . (get $v .) }}
{{- end }}
{{- range list
  (list "falc" $sensor)
  (list "falc-collector" $v.collector)
  (list "falc-audit" (ternary (omit $v.audit "falco") $v.audit $v.audit.queue))
  (list "falc-workers" (merge (dict "falco" $v.audit.falco) $v.workers))
  (list "falc-relay" $v.relay)
  (list "falc-console" $v.console)
  (list "falc-responder" $v.responder)
  (list "falc-admission" $v.admission)
}}
  {{- $name := index . 0 }}{{ $values := index . 1 }}
  {{- with get $objects (printf "DaemonSet/%s" $name) | default (get $objects (printf "Deployment/%s" $name)) }}
    {{- include "falc.workload" (dict "object" . "values" $values) }}
  {{- end }}
  {{- with get $objects (printf "ConfigMap/%s" $name) }}
    {{- include "falc.merge" (dict "data" .data "key" "falco.yaml" "values" ($values.falco | default dict)) }}
  {{- end }}
  {{- with get $objects (printf "ConfigMap/%s-rules" $name) }}
    {{- $_ := set . "data" (merge dict ($values.customRules | default dict) .data) }}
  {{- end }}
  {{- with get $objects (printf "PersistentVolumeClaim/%s" $name) }}
    {{- $claim := . }}
    {{- with $values.persistence.size }}{{ $_ := set $claim.spec.resources.requests "storage" . }}{{ end }}
    {{- with $values.persistence.storageClassName }}{{ $_ := set $claim.spec "storageClassName" . }}{{ end }}
  {{- end }}
  {{- with get $objects (printf "Service/%s" $name) }}
    {{- $service := . }}
    {{- with $values.service }}
      {{- if ne .type "ClusterIP" }}{{ $_ := set $service.spec "type" .type }}{{ end }}
      {{- with .annotations }}{{ $_ := set $service.metadata "annotations" . }}{{ end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- /* With the queue, the workers evaluate what the webhook only stores. */ -}}
{{- if $v.audit.queue }}{{ include "falc.merge" (dict "data" (get $objects "ConfigMap/falc-audit").data "key" "workers.yaml" "values" $v.audit.falco) }}{{ end }}
{{- with get $objects "ConfigMap/falc-keys" }}{{ $_ := set . "data" $v.updates.keys }}{{ end }}
{{- with get $objects "DaemonSet/falc" }}{{ include "falc.sensor" (dict "object" . "values" $v) }}{{ end }}

{{- with $v.relay.config }}
  {{- if $v.relay.enabled }}
    {{- $_ := set $objects "Secret/falc-relay" (dict "apiVersion" "v1" "kind" "Secret" "metadata" (dict "name" "falc-relay" "namespace" "") "stringData" (dict "falcosidekick.yaml" (toYaml .))) }}
  {{- end }}
{{- end }}
{{- with get $objects "ConfigMap/falc-responder" }}
  {{- $_ := set .data "playbooks.yaml" (required "responder.playbooks: --set-file responder.playbooks=playbooks.yaml" $v.responder.playbooks) }}
{{- end }}
{{- with get $objects "ValidatingWebhookConfiguration/falc-admission" }}
  {{- with $v.admission.annotations }}{{ $_ := set (get $objects "ValidatingWebhookConfiguration/falc-admission").metadata "annotations" . }}{{ end }}
  {{- range .webhooks }}
    {{- $_ := set . "failurePolicy" $v.admission.failurePolicy }}
    {{- $webhook := . }}
    {{- with $v.admission.caBundle }}{{ $_ := set $webhook.clientConfig "caBundle" . }}{{ end }}
  {{- end }}
{{- end }}
{{- with get $objects "ServiceMonitor/falc" }}
  {{- range .spec.endpoints }}{{ $_ := set . "interval" $v.serviceMonitor.interval }}{{ end }}
  {{- $_ := set .metadata "labels" (merge dict $v.serviceMonitor.labels .metadata.labels) }}
{{- end }}

{{- include "falc.place" . }}
{{- /* Roles name their namespaces themselves: those in which playbooks act. */ -}}
{{- if $v.responder.enabled }}
  {{- range $text := splitList "---\n" $v.responder.roles }}
    {{- with fromYaml $text }}{{ $_ := set $objects (printf "%s/%s/%s" .kind .metadata.name (.metadata.namespace | default "")) . }}{{ end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Of one workload. */ -}}
{{- define "falc.workload" -}}
{{- $object := .object }}{{ $values := .values }}{{ $template := $object.spec.template }}{{ $pod := $template.spec }}
{{- $main := first $pod.containers }}
{{- if hasKey $values "replicaCount" }}{{ $_ := set $object.spec "replicas" $values.replicaCount }}{{ end }}
{{- with $values.podAnnotations }}{{ $_ := set $template.metadata "annotations" . }}{{ end }}
{{- with $values.podLabels }}{{ $_ := set $template.metadata "labels" (merge dict $template.metadata.labels .) }}{{ end }}
{{- with $values.podPriorityClassName }}{{ $_ := set $pod "priorityClassName" . }}{{ end }}
{{- with $values.resources }}{{ $_ := set $main "resources" . }}{{ end }}
{{- with $values.nodeSelector }}{{ $_ := set $pod "nodeSelector" (merge dict . $pod.nodeSelector) }}{{ end }}
{{- with $values.affinity }}{{ $_ := set $pod "affinity" . }}{{ end }}
{{- with $values.tolerations }}{{ $_ := set $pod "tolerations" . }}{{ end }}
{{- with $values.env }}{{ $_ := set $main "env" (concat ($main.env | default list) .) }}{{ end }}
{{- with ($values.falco | default dict).webserver }}{{ include "falc.web" (dict "container" $main "webserver" .) }}{{ end }}
{{- end }}

{{- /* The port and the probes of a container follow its web server. */ -}}
{{- define "falc.web" -}}
{{- $container := .container }}{{ $web := .webserver }}
{{- if $web.listen_port }}
  {{- range $container.ports }}{{ if eq .name "web" }}{{ $_ := set . "containerPort" (int $web.listen_port) }}{{ end }}{{ end }}
{{- end }}
{{- range list "startupProbe" "livenessProbe" "readinessProbe" }}
  {{- $get := (get $container . | default dict).httpGet | default dict }}
  {{- if eq (toString $get.port) "web" }}
    {{- if eq (toString $web.enabled) "false" }}{{ $_ := unset $container . }}{{ end }}
    {{- with $web.k8s_healthz_endpoint }}{{ $_ := set $get "path" . }}{{ end }}
    {{- if $web.ssl_enabled }}{{ $_ := set $get "scheme" "HTTPS" }}{{ end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Of the sensors alone. */ -}}
{{- define "falc.sensor" -}}
{{- $object := .object }}{{ $v := .values }}{{ $pod := $object.spec.template.spec }}
{{- $engine := index $pod.containers 0 }}{{ $probe := index $pod.containers 1 }}
{{- with $v.controller.annotations }}{{ $_ := set $object.metadata "annotations" . }}{{ end }}
{{- with $v.controller.labels }}{{ $_ := set $object.metadata "labels" (merge dict $object.metadata.labels .) }}{{ end }}
{{- with $v.controller.daemonset.updateStrategy }}{{ $_ := set $object.spec "updateStrategy" . }}{{ end }}
{{- with $v.probe.resources }}{{ $_ := set $probe "resources" . }}{{ end }}
{{- range $name, $more := $v.healthChecks }}
  {{- with $more }}{{ $_ := set $engine $name (mergeOverwrite (get $engine $name | default dict) .) }}{{ end }}
{{- end }}
{{- range $container := $pod.containers }}
  {{- if eq .name "updates" }}
    {{- with $v.updates.resources }}{{ $_ := set $container "resources" . }}{{ end }}
    {{- with $v.extra.env }}{{ $_ := set $container "env" . }}{{ end }}
  {{- end }}
{{- end }}
{{- with $v.extra.args }}{{ $_ := set $engine "args" (concat $engine.args .) }}{{ end }}
{{- with $v.extra.initContainers }}{{ $_ := set $pod "initContainers" . }}{{ end }}
{{- with $v.mounts.volumes }}{{ $_ := set $pod "volumes" (concat $pod.volumes .) }}{{ end }}
{{- with $v.mounts.volumeMounts }}{{ $_ := set $engine "volumeMounts" (concat $engine.volumeMounts .) }}{{ end }}
{{- end }}

{{- /* Operations of a JSON patch, all of which add to a list. */ -}}
{{- define "falc.add" -}}
{{- $object := .object }}
{{- range $operation := .operations }}
  {{- $keys := initial (splitList "/" (trimPrefix "/" .path)) }}{{ $at := $object }}
  {{- range initial $keys }}
    {{- if kindIs "map" $at }}{{ $at = get $at . }}{{ else }}{{ $at = index $at (int .) }}{{ end }}
  {{- end }}
  {{- $_ := set $at (last $keys) (append (get $at (last $keys)) $operation.value) }}
{{- end }}
{{- end }}

{{- /* A text of YAML in a ConfigMap, with values merged into it; as it is, comments and all, when there are none. */ -}}
{{- define "falc.merge" -}}
{{- if .values }}{{ $_ := set .data .key (mergeOverwrite (get .data .key | fromYaml) .values | toYaml) }}{{ end }}
{{- end }}

{{- /* The namespace of the release and the image of the values, wherever an object names them. */ -}}
{{- define "falc.place" -}}
{{- $root := .root }}{{ $v := $root.Values }}
{{- $namespace := $v.namespaceOverride | default $root.Release.Namespace }}
{{- $image := printf "%s/%s:%s" $v.image.registry $v.image.repository ($v.image.tag | default $root.Chart.AppVersion) }}
{{- range $object := .objects }}
  {{- if hasKey $object.metadata "namespace" }}{{ $_ := set $object.metadata "namespace" $namespace }}{{ end }}
  {{- range $object.subjects }}{{ $_ := set . "namespace" $namespace }}{{ end }}
  {{- range $object.webhooks }}
    {{- $_ := set .clientConfig.service "namespace" $namespace }}
    {{- range .namespaceSelector.matchExpressions }}{{ $_ := set . "values" (list "kube-system" $namespace) }}{{ end }}
  {{- end }}
  {{- if has $object.kind (list "DaemonSet" "Deployment") }}
    {{- $pod := $object.spec.template.spec }}
    {{- with $v.imagePullSecrets }}{{ $_ := set $pod "imagePullSecrets" . }}{{ end }}
    {{- range $pod.containers }}
      {{- $_ := set . "image" $image }}
      {{- if ne $v.image.pullPolicy "IfNotPresent" }}{{ $_ := set . "imagePullPolicy" $v.image.pullPolicy }}{{ end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
