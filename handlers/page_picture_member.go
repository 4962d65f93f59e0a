package handlers

import "github.com/gin-gonic/gin"

// memberPictureForm answers GET /family/members/ID/picture.
func (s *site) memberPictureForm(c *gin.Context) error {
	who, err := s.member(c, false)
	if err != nil {
		return err
	}
	return s.showMemberPicture(c, who, nil)
}

// setMemberPicture answers POST /family/members/ID/picture with a file.
func (s *site) setMemberPicture(c *gin.Context) error {
	who, err := s.member(c, false)
	if err != nil {
		return err
	}
	file, err := s.readUpload(c)
	if err == nil {
		err = s.Store.Members.SetPicture(c.Request.Context(), who.guardianID, who.memberID, file, caller(c))
	}
	if err != nil {
		return s.showMemberPicture(c, who, err)
	}
	return s.leave(c, who.to, noticePictureSaved)
}

// removeMemberPicture answers POST /family/members/ID/picture/remove.
func (s *site) removeMemberPicture(c *gin.Context, _ form) error {
	who, err := s.member(c, false)
	if err != nil {
		return err
	}
	if err := s.Store.Members.RemovePicture(c.Request.Context(), who.guardianID, who.memberID, caller(c)); err != nil {
		return err
	}
	return s.leave(c, who.to, noticePictureRemoved)
}

func (s *site) showMemberPicture(c *gin.Context, who ofMember, cause error) error {
	found, err := s.Store.Members.Get(c.Request.Context(), who.guardianID, who.memberID)
	if err != nil {
		return err
	}
	member := viewMember(found.Member)
	return s.renderPicture(c, "picture_member", picturePage{
		OfMember: true, Path: who.to + "/picture", Back: who.to, Name: member.Name, Face: member.Face,
	}, cause)
}
