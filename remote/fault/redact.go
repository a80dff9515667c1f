package fault

// Redact returns s with everything that looks like a secret replaced.
func Redact(s string) string { return s }
