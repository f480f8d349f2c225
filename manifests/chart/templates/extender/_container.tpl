{{- define "berth.extender" -}}
{{- $probe := include "berth.probe" (dict "root" . "program" .Values.extender) -}}
- name: extender
  image: {{ include "berth.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [berth, extender, --config, /etc/berth/extender.yaml]
  ports:
    - {name: metrics, containerPort: {{ dig "metrics_port" 8081 .Values.extender.settings }}}
  readinessProbe:
    httpGet: {path: /readyz, port: metrics{{ $probe }}}
    periodSeconds: 5
  livenessProbe:
    httpGet: {path: /healthz, port: metrics{{ $probe }}}
    initialDelaySeconds: 10
    periodSeconds: 10
    timeoutSeconds: 5
  # No CPU limit: kube-scheduler waits for every answer.
  resources:
    {{- toYaml .Values.extender.resources | nindent 4 }}
  securityContext:
    {{- include "berth.container-security" . | nindent 4 }}
  volumeMounts:
    - {name: settings, mountPath: /etc/berth/extender.yaml, subPath: extender.yaml, readOnly: true}
    {{- if not .Values.scheduler.enabled }}
    - {name: tls, mountPath: /etc/berth/tls, readOnly: true}
    {{- end }}
{{- end }}
