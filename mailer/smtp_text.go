package mailer

import "io"

// textWriter writes the text of a mail in blocks. For each block the server gets the time that
// [Times.Block] allows.
type textWriter struct {
	c     *conversation
	inner io.WriteCloser
}

// Write sends one block.
func (w *textWriter) Write(block []byte) (int, error) {
	if err := w.c.within(w.c.times.Block); err != nil {
		return 0, err
	}
	return w.inner.Write(block)
}

// Close sends the end of the text, and returns what the server says about the mail.
func (w *textWriter) Close() error { return w.inner.Close() }
