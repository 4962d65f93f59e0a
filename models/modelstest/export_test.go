package modelstest

// ForgetMissing forgets that a test has failed without a MySQL server, so that the next
// such test counts as the first one.
func ForgetMissing() { missing.Store(false) }
