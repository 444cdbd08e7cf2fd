{{- /* The parts that are wanted; each comes after those over whose objects it is merged. */ -}}
{{- define "falc.parts" -}}
{{- $v := .Values }}
{{- if and $v.responder.enabled (not $v.nats.enabled) }}{{ fail "responder.enabled needs nats.enabled: alerts come from there" }}{{ end }}
{{- if and $v.audit.queue (not (and $v.audit.enabled $v.nats.enabled)) }}{{ fail "audit.queue needs audit.enabled and nats.enabled" }}{{ end }}
{{- if and $v.collector.enabled (not (and $v.driver.enabled $v.collectors.kubernetes.enabled $v.nats.enabled)) }}{{ fail "collector.enabled needs collectors.kubernetes.enabled and nats.enabled" }}{{ end }}
{{- if and $v.updates.enabled (not (and $v.driver.enabled ($v.falco.updates | default dict).artifacts)) }}{{ fail "updates.enabled needs falco.updates.artifacts and driver.enabled" }}{{ end }}
{{- $parts := list }}
{{- range list
  (list "sensor" $v.driver.enabled)
  (list "metadata" (and $v.driver.enabled $v.collectors.kubernetes.enabled))
  (list "updates" $v.updates.enabled)
  (list "nats" $v.nats.enabled)
  (list "collector" $v.collector.enabled)
  (list "audit" $v.audit.enabled)
  (list "queue" $v.audit.queue)
  (list "relay" $v.relay.enabled)
  (list "console" $v.console.enabled)
  (list "responder" $v.responder.enabled)
  (list "admission" $v.admission.enabled)
  (list "monitoring" $v.serviceMonitor.create)
  (list "alerts" $v.prometheusRules.enabled)
  (list "dashboards" $v.grafana.dashboards.enabled)
}}
  {{- if index . 1 }}{{ $parts = append $parts (index . 0) }}{{ end }}
{{- end }}
{{- toJson $parts }}
{{- end }}
