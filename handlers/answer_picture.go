package handlers

// The paths of pictures and of the pages on which they are chosen.
const (
	picturesPath      = "/pictures"
	ownPicturePath    = accountPath + "/picture"
	serverPicturePath = "/servers/:id/picture"
	memberPicturePath = familyPath + "/members/:id/picture"
)

// pictureAddress returns the address of the picture with a token, without the host; "" for no token.
func pictureAddress(token string) string {
	if token == "" {
		return ""
	}
	return picturesPath + "/" + token
}

// pictureURL returns the whole address of the picture with a token; "" for no token.
func (s *site) pictureURL(token string) string {
	if token == "" {
		return ""
	}
	return s.origin + pictureAddress(token)
}
