package agent

import "sync"

// overLinks are the ids of links that were ended here and that the service has ended, too, but whose
// removal has not come by the feed yet. An answer of the service that was on its way meanwhile may still
// have such a link as it was before: the link must not come back. They are kept only in memory, because
// a restart drops the answers that are on their way. Methods may be called at the same time.
type overLinks struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

func (o *overLinks) add(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ids == nil {
		o.ids = map[string]struct{}{}
	}
	o.ids[id] = struct{}{}
}

func (o *overLinks) has(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, found := o.ids[id]
	return found
}

// forget removes an id, once the removal of its link has come.
func (o *overLinks) forget(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.ids, id)
}
