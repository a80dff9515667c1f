package emulator

import "net/http"

type createSource struct {
	AWS *struct {
		Bucket                string `json:"bucket"`
		Prefix                string `json:"prefix"`
		EndpointName          string `json:"endpoint_name"`
		KeepOnExternalStorage bool   `json:"keep_on_external_storage"`
		Public                bool   `json:"public"`
		UseInputBucket        bool   `json:"use_input_bucket"`
	} `json:"aws"`
	GCP *struct {
		Bucket       string `json:"bucket"`
		Prefix       string `json:"prefix"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	} `json:"gcp"`
	Computation *struct {
		ID   string `json:"id"`
		Path string `json:"path"`
	} `json:"computation"`
	CloudWorkstation *struct {
		ID        string `json:"id"`
		Path      string `json:"path"`
		RunScript string `json:"run_script"`
	} `json:"cloud_workstation"`
}

func (src *createSource) check(s *Server, c *call, a *Asset) error {
	given := 0
	for _, is := range []bool{src.AWS != nil, src.GCP != nil, src.Computation != nil, src.CloudWorkstation != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return bad("source: exactly one of aws, gcp, computation and cloud_workstation is required")
	case src.AWS != nil:
		return src.checkAWS(s, c, a)
	case src.GCP != nil:
		if src.GCP.Bucket == "" {
			return bad("source: gcp: bucket is required")
		}
		a.SourceBucket = &SourceBucket{Origin: "gcp", Bucket: src.GCP.Bucket, Prefix: src.GCP.Prefix}
		a.From = &Origin{Bucket: src.GCP.Bucket, Prefix: src.GCP.Prefix}
		return nil
	case src.Computation != nil:
		return s.fromComputation("computation", src.Computation.ID, src.Computation.Path, a)
	case src.CloudWorkstation.Path == "":
		return bad("source: cloud_workstation: path is required")
	}
	if err := s.fromComputation("cloud_workstation", src.CloudWorkstation.ID, src.CloudWorkstation.Path, a); err != nil {
		return err
	}
	// Only what a script has made is a result.
	if a.Provenance.RunScript = src.CloudWorkstation.RunScript; a.Provenance.RunScript == "" {
		a.Type, a.Provenance, a.AppParameters, a.NextflowProfile = "dataset", nil, nil, ""
	}
	return nil
}

func (src *createSource) checkAWS(s *Server, c *call, a *Asset) error {
	aws := src.AWS
	a.From = &Origin{Bucket: aws.Bucket, Prefix: aws.Prefix, Anonymous: aws.Public}
	a.SourceBucket = &SourceBucket{
		Origin: "aws", Bucket: aws.Bucket, Prefix: aws.Prefix, External: aws.KeepOnExternalStorage,
	}
	switch {
	case aws.UseInputBucket && !c.user.Admin:
		return refuse(http.StatusForbidden, "forbidden: source: aws: use_input_bucket is for admins only")
	case aws.UseInputBucket && s.deploy.InputBucket == "":
		return bad("source: aws: use_input_bucket: this deployment has no input bucket")
	case aws.UseInputBucket:
		a.From = &Origin{Bucket: s.deploy.InputBucket, Prefix: aws.Prefix}
		a.SourceBucket = &SourceBucket{Origin: "aws", Bucket: s.deploy.InputBucket, Prefix: aws.Prefix}
		return nil
	case aws.Bucket == "":
		return bad("source: aws: bucket is required")
	}
	return s.checkEndpoint("source: aws: endpoint_name", aws.EndpointName)
}
