package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/connect"
)

// Routes is the table of the site that s makes.
func Routes(s *Server) (gin.RoutesInfo, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	return site.engine().Routes(), nil
}

// ServiceRoutes is the table of the Emby wire of the site that s makes.
func ServiceRoutes(s *Server) []connect.Route {
	site, err := s.site()
	if err != nil {
		panic(err)
	}
	return site.connect.Routes()
}
