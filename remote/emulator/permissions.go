package emulator

// permissions answers who may do what.
func (s *Server) permissions(c *call) (any, error) {
	e, err := s.asset(c, viewer)
	if err != nil {
		return nil, err
	}
	return e.permissions(), nil
}

// permissions are never without the owner.
func (e *entry) permissions() Permissions {
	p := Permissions{Everyone: "none"}
	if e.Permissions != nil {
		p = *e.Permissions
	}
	owned := e.OwnerEmail == ""
	for _, u := range p.Users {
		owned = owned || u.Role == "owner"
	}
	if !owned {
		p.Users = append([]UserRole{{Email: e.OwnerEmail, Role: "owner"}}, p.Users...)
	}
	if p.Users == nil {
		p.Users = []UserRole{}
	}
	if p.Groups == nil {
		p.Groups = []GroupRole{}
	}
	if p.Everyone == "" {
		p.Everyone = "none"
	}
	return p
}

func (s *Server) setPermissions(c *call) (any, error) {
	e, err := s.asset(c, owner)
	if err != nil {
		return nil, err
	}
	var p Permissions
	if err := c.decode(&p); err != nil {
		return nil, err
	}
	for _, u := range p.Users {
		if u.Email == "" {
			return nil, bad("users: email is required")
		}
		if err := needsOneOf("users: role", u.Role, "owner", "editor", "viewer"); err != nil {
			return nil, err
		}
	}
	for _, g := range p.Groups {
		if g.Group == "" {
			return nil, bad("groups: group is required")
		}
		if err := needsOneOf("groups: role", g.Role, "owner", "editor", "viewer", "discoverable"); err != nil {
			return nil, err
		}
	}
	if err := oneOf("everyone", p.Everyone, "viewer", "discoverable", "none"); err != nil {
		return nil, err
	}
	_, err = s.change(e.ID, func(e *entry) error {
		e.Permissions = &p
		return nil
	})
	return nil, err
}

func needsOneOf(field, value string, allowed ...string) error {
	if value == "" {
		return bad("%s is required", field)
	}
	return oneOf(field, value, allowed...)
}
