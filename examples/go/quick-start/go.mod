module example.com/quick-start

go 1.25

require (
	github.com/aws/aws-cdk-go/awscdk/v2 v2.276.0
	github.com/aws/jsii-runtime-go v1.142.0
	github.com/cdk-fsx-backup/cdk-fsx-backup-go/cdkfsxbackup v0.1.0
)
