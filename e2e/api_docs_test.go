//go:build e2e

package e2e

import "testing"

// TestObjectOfTheReferenceOpens follows a link from an operation to an object: the browser opens the part of the page that has it.
func TestObjectOfTheReferenceOpens(t *testing.T) {
	t.Parallel()
	v := serve(t).visit(t, phone, "en")
	v.open("/api/docs/device-codes")
	v.follow(`.reference-operation a[href$="#object-Problem"]`, "/api/docs/objects")
	v.becomes(`document.getElementById("object-Problem").checkVisibility()`)
	if ask[bool](v, `document.getElementById("object-Account").checkVisibility()`) {
		t.Error("another object is open, too, want it closed")
	}
}
