package builtin

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/picture"
)

// pictured returns the id of the local user whose picture a path names. A local user has
// only one picture: the first of type Primary.
func pictured(r *wire.Request) (id string, err error) {
	index := r.PathValue("index")
	if index == "" {
		index = r.Params.Get("index")
	}
	id = embywire.ID(r.PathValue("id"))
	if n, bad := strconv.Atoi(index); id == "" || !strings.EqualFold(r.PathValue("type"), "Primary") || index != "" && (bad != nil || n != 0) {
		return "", wire.Refuse(http.StatusNotFound, "There is no such picture.")
	}
	return id, nil
}

// picture answers with a picture. It needs no token, because sign-in pages show pictures.
// The size that a client asks for is ignored: the whole picture is sent.
func (f *handlers) picture(w http.ResponseWriter, r *wire.Request) error {
	id, err := pictured(r)
	if err != nil {
		return err
	}
	found, err := f.pictureOf(r.Context(), id)
	if err != nil {
		return refused(err)
	}
	h := w.Header()
	etag := `"` + found.Tag + `"`
	h.Set("ETag", etag)
	h.Set("Cache-Control", "private, no-cache")
	if r.Params.Get("tag") == found.Tag {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", found.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(found.Body)))
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := w.Write(found.Body); err != nil {
		return nil //nolint:nilerr // the client has gone away
	}
	return nil
}

// postPicture stores a picture, which clients send in base64 or as plain bytes.
func (f *handlers) postPicture(w http.ResponseWriter, r *wire.Request, _ *session) error {
	id, err := pictured(r)
	if err != nil {
		return err
	}
	const bodyMax = picture.BytesMax/3*4 + 64<<10 // base64 with line breaks
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return wire.Refuse(http.StatusRequestEntityTooLarge, ErrPicture.Error())
	}
	if err != nil {
		return wire.Refuse(http.StatusBadRequest, "The request could not be read.")
	}
	if picture.Format(body) == "" {
		body = fromBase64(body)
	}
	if err := f.SetPicture(r.Context(), id, body); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// fromBase64 decodes base64, which may contain blanks and may come after "data:…,". It
// returns nil if the text is not base64.
func fromBase64(text []byte) []byte {
	if bytes.HasPrefix(text, []byte("data:")) {
		_, text, _ = bytes.Cut(text, []byte(","))
	}
	text = bytes.Join(bytes.Fields(text), nil)
	body, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(string(text), "="))
	if err != nil {
		return nil
	}
	return body
}

func (f *handlers) deletePicture(w http.ResponseWriter, r *wire.Request, _ *session) error {
	id, err := pictured(r)
	if err != nil {
		return err
	}
	if err := f.RemovePicture(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
