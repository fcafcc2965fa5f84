package metrics

// Procfs reads process metrics from another /proc.
var Procfs = procfs
