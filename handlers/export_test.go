package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/connect"
)

// Routes returns the routes of the site that s makes.
func Routes(s *Server) (gin.RoutesInfo, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	return site.engine().Routes(), nil
}

// ServiceRoutes returns the routes of the Emby Connect protocol.
func ServiceRoutes(s *Server) []connect.Route {
	site, err := s.site()
	if err != nil {
		panic(err)
	}
	return site.connect.Routes()
}
