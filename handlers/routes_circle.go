package handlers

import "github.com/gin-gonic/gin"

// circlesPath is the page of the circles of friends.
const circlesPath = "/circles"

// circlePath returns the page of one circle.
func circlePath(id string) string { return circlesPath + "/" + id }

// circleRoutes registers the pages of circles.
func (s *site) circleRoutes(r *gin.Engine) {
	one := circlePath(":id")
	s.get(r, circlesPath, s.circles)
	s.post(r, circlesPath, s.makeCircle)
	s.get(r, one, s.circle)
	s.post(r, one+"/rename", s.renameCircle)
	s.post(r, one+"/invites", s.inviteToCircle)
	s.post(r, one+"/owners", s.askIntoCircle)
	s.post(r, one+"/owners/take-back", s.takeBackCircleAsk)
	s.post(r, one+"/servers", s.joinCircle)
	s.post(r, one+"/servers/terms", s.setCircleTerms)
	s.post(r, one+"/servers/take", s.takeFromCircle)
	s.post(r, one+"/servers/take-out", s.takeOutOfCircle)
	s.post(r, one+"/people/admit", s.admitToCircle)
	s.post(r, one+"/people/refuse", s.refuseInCircle)
	s.post(r, one+"/people/allow", s.allowInCircle)
	s.post(r, one+"/decline", s.declineCircle)
	s.post(r, one+"/leave", s.leaveCircle)
	s.post(r, one+"/dissolve", s.dissolveCircle)
}

// apiCircleRoutes registers the operations on circles.
func (s *site) apiCircleRoutes(r *gin.Engine, v1 string) {
	circles := v1 + circlesPath
	one := circles + "/:id"
	server := one + "/servers/:server_id"
	person := server + "/people/:account_id"
	s.get(r, circles, nil, s.withSession(s.apiCircles))
	r.POST(circles, s.withSession(s.apiMakeCircle))
	s.get(r, one, nil, s.withSession(s.apiCircle))
	r.PATCH(one, s.withSession(s.apiRenameCircle))
	r.DELETE(one, s.withoutBody(s.apiDissolveCircle))
	s.get(r, one+"/people", nil, s.withSession(s.apiCirclePeople))
	r.POST(one+"/invites", s.withSession(s.apiInviteToCircle))
	r.POST(one+"/owners", s.withSession(s.apiAskIntoCircle))
	r.DELETE(one+"/owners/:account_id", s.withoutBody(s.apiTakeBackCircleAsk))
	r.POST(one+"/decline", s.withoutBody(s.apiDeclineCircle))
	r.POST(one+"/leave", s.withoutBody(s.apiLeaveCircle))
	r.POST(one+"/servers", s.withSession(s.apiJoinCircle))
	r.PUT(server, s.withSession(s.apiSetCircleTerms))
	r.DELETE(server, s.withoutBody(s.apiTakeOutOfCircle))
	r.POST(server+"/take", s.withoutBody(s.apiTakeFromCircle))
	r.POST(person+"/admit", s.withoutBody(s.apiAdmitToCircle))
	r.PUT(person+"/refusal", s.withoutBody(s.apiRefuseInCircle))
	r.DELETE(person+"/refusal", s.withoutBody(s.apiAllowInCircle))
}
