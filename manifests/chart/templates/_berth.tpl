{{/* The image of all of Berth's programs. */}}
{{- define "berth.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The image of kube-scheduler: of the API server's minor version and never newer, unless a tag is given. */}}
{{- define "berth.scheduler-image" -}}
{{- $newest := 37 -}}
{{- $minor := int (regexFind "^[0-9]+" .Capabilities.KubeVersion.Minor) -}}
{{- $tag := ternary (printf "v1.%d.0" $minor) "v1.37.2" (lt $minor $newest) -}}
{{ .Values.scheduler.image.repository }}:{{ .Values.scheduler.image.tag | default $tag }}
{{- end }}

{{/* What selects the pods of a program: never changed, because a Deployment's selector is immutable. */}}
{{- define "berth.selector" -}}
app.kubernetes.io/name: berth
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "berth.labels" -}}
{{ include "berth.selector" . }}
app.kubernetes.io/part-of: berth
{{- end }}

{{/* Where the extender stands and as whom: beside our kube-scheduler, or on the hosts of another one. */}}
{{- define "berth.extender-namespace" -}}
{{ ternary .Release.Namespace .Values.extender.namespace .Values.scheduler.enabled }}
{{- end }}
{{- define "berth.extender-account" -}}
{{ ternary "berth-scheduler" "berth-extender" .Values.scheduler.enabled }}
{{- end }}

{{/* Namespaces whose pods are never held up. */}}
{{- define "berth.exempt-namespaces" -}}
[{{ list "kube-system" "kube-node-lease" .Release.Namespace .Values.extender.namespace | uniq | join ", " }}]
{{- end }}

{{/* The settings of a program as its file: what the chart knows, and over it what the values say. */}}
{{- define "berth.settings" -}}
{{- $metrics := ternary (dict "metrics_secure" true) dict .root.Values.metrics.secure -}}
{{ mergeOverwrite .known $metrics (deepCopy .given) | toYaml }}
{{- end }}

{{/* The annotations of a pod: a checksum of its settings, so that changed ones roll the Deployment. */}}
{{- define "berth.annotations" -}}
{{- $all := dict -}}
{{- if .root.Values.checksums -}}
{{- $text := list -}}
{{- range .settings }}{{ $text = append $text (include (print $.root.Template.BasePath "/" .) $.root) }}{{ end -}}
{{- $_ := set $all "checksum/settings" ($text | join "" | sha256sum) -}}
{{- end -}}
{{- with mergeOverwrite $all (deepCopy .program.podAnnotations) -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}

{{/* How kubelet asks for the health of a program, which stands beside its metrics. */}}
{{- define "berth.probe" -}}
{{ if dig "metrics_secure" .root.Values.metrics.secure .program.settings }}, scheme: HTTPS{{ end }}
{{- end }}

{{/* Where a program's pods may run, and who they are. */}}
{{- define "berth.pod" -}}
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .program.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
nodeSelector:
  {{- mergeOverwrite (dict "kubernetes.io/os" "linux") (deepCopy .program.nodeSelector) | toYaml | nindent 2 }}
{{- with .program.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .program.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $component := .component }}
{{- with .root.Values.topologySpread }}
topologySpreadConstraints:
  {{- range $key, $unsatisfiable := . }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $unsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "berth.selector" $component | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
securityContext:
  {{- include "berth.pod-security" . | nindent 2 }}
{{- end }}

{{- define "berth.pod-security" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "berth.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "berth.disruption-budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: berth-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "berth.labels" .component | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "berth.selector" .component | nindent 6 }}
{{- end }}
