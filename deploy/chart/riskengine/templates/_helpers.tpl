{{/* What objects are called: the release, so that several may stand in one namespace. */}}
{{- define "riskengine.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* Labels of all objects. */}}
{{- define "riskengine.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/name: riskengine
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* By which the pods of a component are found. Takes (dict "root" . "component" name). */}}
{{- define "riskengine.selector" -}}
app.kubernetes.io/name: riskengine
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "riskengine.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* A value of a setting as text: whole numbers without an exponent. */}}
{{- define "riskengine.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- printf "%.0f" . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end }}

{{/* Seconds that a process gets to end: its own deadline, a second for last words, and what ending costs itself. */}}
{{- define "riskengine.grace" -}}
{{- add (div (add (int (.Values.settings.SHUTDOWN_DEADLINE_MS | default 3000)) 999) 1000) 10 -}}
{{- end }}

{{/* What a pod is: nobody, and nothing but what is in the image. Takes (dict "root" . "component" name), and
     "token" true if it asks Kubernetes itself. */}}
{{- define "riskengine.pod" -}}
automountServiceAccountToken: {{ .token | default false }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "riskengine.selector" . | nindent 8 }}
volumes:
  - name: tmp
    emptyDir: {}
{{- end }}

{{- define "riskengine.container" -}}
image: {{ include "riskengine.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- end }}

{{/* The settings of a process that decides: those of the ConfigMap, and the addresses of the Secret. */}}
{{- define "riskengine.environment" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secret.name }}
      key: {{ .Values.secret.databaseUrlKey }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secret.name }}
      key: {{ .Values.secret.redisUrlKey }}
{{- with .Values.secret.replicaUrlsKey }}
- name: DATABASE_REPLICA_URLS
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.secret.name }}
      key: {{ . }}
{{- end }}
# So that the process can tell how near it is to its limit.
- name: PROCESS_MEMORY_MIB
  valueFrom:
    resourceFieldRef:
      resource: limits.memory
      divisor: 1Mi
{{- end }}
