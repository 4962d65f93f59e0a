package handlers

import "github.com/gin-gonic/gin"

// Routes is the table of the site that s makes.
func Routes(s *Server) (gin.RoutesInfo, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	return site.engine().Routes(), nil
}

// Notices are the codes of all notices.
func Notices() []string {
	var codes []string
	for _, n := range notices() {
		codes = append(codes, string(n))
	}
	return codes
}
