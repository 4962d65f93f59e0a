package secret

import "context"

// Run lends the gate that all hashes go through.
func Run(ctx context.Context, h *Hasher, work func()) error { return h.run(ctx, work) }
