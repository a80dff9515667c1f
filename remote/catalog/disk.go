package catalog

func (c *Catalog) restore() {}
func (c *Catalog) save() {}
func (c *Catalog) saveIfDue() {}
