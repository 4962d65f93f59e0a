package handlers_test

import "testing"

// TestFrontDoorAllocations limits how often the front door takes memory for a request,
// because the requests of all devices pass it. The routes here do not use the database, so
// that the front door, Gin and the answer make nearly all counted allocations.
func TestFrontDoorAllocations(t *testing.T) {
	f := newFront(t)
	requests := f.routes(t)
	for name, most := range map[string]float64{
		"robots":       21, // a text on the side of the pages, with a nonce
		"api-refused":  26, // a problem of the API
		"wire-refused": 22, // a bare status of the Emby Connect protocol
		"wire-ip":      26, // an answer of the Emby Connect protocol
	} {
		if got := testing.AllocsPerRun(200, func() { f.serve(requests[name]) }); got > most {
			t.Errorf("%s: %.0f allocations a request, want at most %.0f", name, got, most)
		}
	}
}
