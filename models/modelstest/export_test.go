package modelstest

// ForgetMissing makes the next test that misses a MySQL server the first one.
func ForgetMissing() { missing.Store(false) }
