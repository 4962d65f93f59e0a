package handlers

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

// staticFile is a file that browsers fetch.
type staticFile struct {
	content []byte
	kind    string        // the content type
	tag     string        // the entity tag without its quotes; it changes with the content
	named   string        // the name with the mark of the content
	packed  func() []byte // the content compressed with gzip; nil if that is not smaller
}

// newStaticFile returns a file with that name and content.
func newStaticFile(name string, content []byte) staticFile {
	sum := sha256.Sum256(content)
	return staticFile{
		content: content,
		kind:    contentType(name),
		tag:     base64.RawURLEncoding.EncodeToString(sum[:12]),
		named:   templates.Named(name, content),
		packed:  sync.OnceValue(func() []byte { return pack(content) }),
	}
}

// pack returns content compressed with gzip, or nil if the result is not smaller.
func pack(content []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(content)
	}
	if err != nil || w.Close() != nil || out.Len() >= len(content) {
		return nil
	}
	return out.Bytes()
}

// readStatic reads all static files. They are few, and do not change while the
// program runs.
func readStatic(files fs.FS) (map[string]staticFile, error) {
	all := map[string]staticFile{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		all[name] = newStaticFile(name, content)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	return all, nil
}

// contentType returns the content type for the name of a file. The common types
// are listed here, because the table of the machine may lack them.
func contentType(name string) string {
	switch ending := path.Ext(name); ending {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	case ".yaml":
		return "application/yaml"
	default:
		if kind := mime.TypeByExtension(ending); kind != "" {
			return kind
		}
		return "application/octet-stream"
	}
}

// static answers GET /static/….
func (s *site) static(c *gin.Context) error {
	return s.serveStatic(c, strings.TrimPrefix(c.Param("file"), "/"))
}

// favicon answers GET /favicon.ico, which browsers fetch by themselves.
func (s *site) favicon(c *gin.Context) error { return s.serveStatic(c, "favicon.svg") }

// serveStatic answers with a file. A name with the mark of the file's content may be cached
// for ever. For the plain name, and for a name with another mark, which the page of an older
// or newer version may use, it answers with the present file, which may be cached for a short
// time only.
func (s *site) serveStatic(c *gin.Context, name string) error {
	plain, _ := templates.Unnamed(name)
	file, ok := s.files[plain]
	if !ok {
		return models.ErrNotFound
	}
	h := c.Writer.Header()
	// A worker obeys the policy of its own file, not the policy of the page.
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; frame-ancestors 'none'")
	switch {
	case s.Dev:
		h.Set("Cache-Control", "no-cache")
	case name == file.named:
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	default:
		h.Set("Cache-Control", "public, max-age=300")
	}
	sendFile(c, file)
	return nil
}

// sendFile answers with the content of a file, compressed if the client can read that.
func sendFile(c *gin.Context, file staticFile) {
	h := c.Writer.Header()
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Type", file.kind)
	content, tag := file.content, file.tag
	if acceptsGzip(c.GetHeader("Accept-Encoding")) {
		if small := file.packed(); small != nil {
			content, tag = small, tag+"-gzip" // each encoding has a tag of its own (RFC 9110 §8.8.3)
			h.Set("Content-Encoding", "gzip")
			if c.GetHeader("Range") == "" {
				h.Set("Content-Length", strconv.Itoa(len(small))) // ServeContent does not set it for a compressed answer
			}
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(content))
}

// acceptsGzip reports whether the value of Accept-Encoding allows gzip.
func acceptsGzip(accepted string) bool {
	others := false // whether an encoding that is not named is allowed
	for one := range strings.SplitSeq(accepted, ",") {
		name, weight, _ := strings.Cut(one, ";")
		_, q, _ := strings.Cut(weight, "=")
		allowed := q == "" || strings.Trim(q, "0. ") != ""
		switch name = strings.TrimSpace(name); {
		case strings.EqualFold(name, "gzip"):
			return allowed
		case name == "*":
			others = allowed
		}
	}
	return others
}
