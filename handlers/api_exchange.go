package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// askExchange is the body of an exchange: an access key, or its SHA-256, so that the
// key need not travel.
type askExchange struct {
	AccessKey       string  `json:"access_key"`
	AccessKeySHA256 string  `json:"access_key_sha256"` // in hex digits
	AccountID       *string `json:"account_id"`
	SessionID       *string `json:"session_id"` // the session that the key names
}

// hash returns the SHA-256 of the access key. It returns an error about the member
// access_key if the request has neither the key nor its hash, and
// [models.ErrAccessKeyWrong] if the hash is malformed, or if the request also has a key
// and the hash is not the hash of this key.
func (in *askExchange) hash() (sum [sha256.Size]byte, err error) {
	if in.AccessKeySHA256 == "" {
		return sha256.Sum256([]byte(in.AccessKey)), needed("access_key", in.AccessKey)
	}
	raw, err := hex.DecodeString(in.AccessKeySHA256)
	if err != nil || len(raw) != len(sum) {
		return sum, models.ErrAccessKeyWrong
	}
	copy(sum[:], raw)
	if in.AccessKey != "" && sum != sha256.Sum256([]byte(in.AccessKey)) {
		return sum, models.ErrAccessKeyWrong
	}
	return sum, nil
}

// namedID reads an id that a request may leave out; then it returns 0. It returns
// [models.ErrAccessKeyWrong] for a text that is not an id.
func namedID(text *string) (int64, error) {
	if text == nil {
		return 0, nil
	}
	id, err := idOf(*text)
	if err != nil {
		return 0, models.ErrAccessKeyWrong
	}
	return id, nil
}

// apiExchange answers POST /api/v1/server/exchanges, by which an agent checks
// the access key that a client showed. All keys that are not valid for this
// server get the same error.
func (s *site) apiExchange(c *gin.Context, this models.Server) error {
	in, err := readJSON[askExchange](c)
	if err != nil {
		return err
	}
	hash, err := in.hash()
	if err != nil {
		return err
	}
	shown := models.ShownKey{Hash: hash}
	if shown.AccountID, err = namedID(in.AccountID); err != nil {
		return err
	}
	if shown.SessionID, err = namedID(in.SessionID); err != nil {
		return err
	}
	link, err := s.Store.Agents.Check(c.Request.Context(), this, shown)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Link agentLink `json:"link"`
	}{s.agentLinkOf(link)})
}
