package handlers

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"
)

// sharedPages are the pages that all strangers see alike, except for the nonce of their
// scripts. Each page is drawn and compressed once. A page that shows anything about its
// reader must never be a shared page: see ADR 0013.
type sharedPages struct {
	mu    sync.RWMutex
	drawn map[sharedKey]*sharedPage
}

// sharedKey names a shared page. There is one key for each shared page in each language.
type sharedKey struct{ page, path, locale string }

// sharedPage is a page that was cut at each place of its nonce.
type sharedPage struct {
	plain  [][]byte
	packed [][]byte // the same parts as blocks of DEFLATE (RFC 1951), each of them whole bytes and independent of the others
	size   int      // of all plain parts
}

// renderShared answers with a page that, apart from base, contains nothing about its
// reader. The function build returns the data of the page. A reader who is signed in, or
// who has a notice waiting, or whom operators tell something, gets a page of their own, which is not compressed.
func (s *site) renderShared(c *gin.Context, base Base, build func() spoken) error {
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	if base.Account != nil || base.Switched || base.Notice != "" || len(base.Banners) > 0 {
		return s.render(c, http.StatusOK, base.Page, build())
	}
	page, err := s.shared.page(sharedKey{base.Page, base.Path, base.Locale}, base.Nonce, func() ([]byte, error) {
		return s.draw(base.Page, build())
	})
	if err != nil {
		return err
	}
	body := page.with(base.Nonce)
	if acceptsGzip(c.GetHeader("Accept-Encoding")) {
		c.Header("Content-Encoding", "gzip")
		body = page.gzipWith(base.Nonce)
	}
	c.Data(http.StatusOK, "text/html; charset=utf-8", body)
	return nil
}

// page returns the page of a key. The first time, it calls the function draw, which draws
// the page with this nonce.
func (p *sharedPages) page(key sharedKey, nonce string, draw func() ([]byte, error)) (*sharedPage, error) {
	p.mu.RLock()
	page := p.drawn[key]
	p.mu.RUnlock()
	if page != nil {
		return page, nil
	}
	drawn, err := draw()
	if err != nil {
		return nil, err
	}
	if page, err = newSharedPage(drawn, nonce); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn == nil {
		p.drawn = map[sharedKey]*sharedPage{}
	}
	p.drawn[key] = page
	return page, nil
}

// newSharedPage cuts a page at each place of the nonce, and compresses the parts.
func newSharedPage(drawn []byte, nonce string) (*sharedPage, error) {
	page := &sharedPage{plain: bytes.Split(drawn, []byte(nonce))}
	for _, part := range page.plain {
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, flate.BestCompression)
		if err == nil {
			_, err = w.Write(part)
		}
		if err == nil {
			err = w.Flush() // ends at a whole byte, so that another block can follow
		}
		if err != nil {
			return nil, fmt.Errorf("compress a page: %w", err)
		}
		page.packed = append(page.packed, out.Bytes())
		page.size += len(part)
	}
	return page, nil
}

// with returns the page with the given nonce.
func (p *sharedPage) with(nonce string) []byte {
	return bytes.Join(p.plain, []byte(nonce))
}

// gzipWith returns the page with a nonce as a file of gzip (RFC 1952). Between the
// compressed parts, the nonce is in blocks that are not compressed. So only the checksum
// has to be computed again.
func (p *sharedPage) gzipWith(nonce string) []byte {
	length := uint16(len(nonce)) //nolint:gosec // a nonce has 22 characters
	stored := binary.LittleEndian.AppendUint16([]byte{0}, length)
	stored = append(binary.LittleEndian.AppendUint16(stored, ^length), nonce...)
	out := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255}
	out = append(out, bytes.Join(p.packed, stored)...)
	out = append(out, 3, 0) // the last block, which is empty
	sum := crc32.ChecksumIEEE(p.plain[0])
	for _, part := range p.plain[1:] {
		sum = crc32.Update(crc32.Update(sum, crc32.IEEETable, []byte(nonce)), crc32.IEEETable, part)
	}
	out = binary.LittleEndian.AppendUint32(out, sum)
	return binary.LittleEndian.AppendUint32(out, uint32(p.size+len(nonce)*(len(p.plain)-1))) //nolint:gosec // modulo 2^32, as the format has it
}
