package secret

import "context"

// Run gives tests the gate through which all hashes go.
func Run(ctx context.Context, h *Hasher, work func()) error { return h.run(ctx, work) }
