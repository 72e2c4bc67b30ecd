#!/bin/sh
# Takes a backup from any system that has the AWS CLI: starts an execution of the state machine of an FsxBackupProvider, waits for it, prints the backup's id.
#
#   sh backup.sh arn:aws:states:…:stateMachine:… '{ "source": "fs-0498eed5fe91001ec", "series": "wiki/production", "keepLast": 5 }'
#
# The input is documented in docs/pipelines.md. Each execution takes a backup of its own. If another backup of the same source is running, it is waited for first.
set -eu

execution=$(aws stepfunctions start-execution --state-machine-arn "$1" --input "$2" --query executionArn --output text)
while status=$(aws stepfunctions describe-execution --execution-arn "$execution" --query status --output text) && [ "$status" = RUNNING ]; do
  sleep 30
done
if [ "$status" != SUCCEEDED ]; then
  aws stepfunctions describe-execution --execution-arn "$execution" --query '[status, error, cause]' --output text >&2
  exit 1
fi
aws stepfunctions describe-execution --execution-arn "$execution" --query output --output text | sed 's/.*"BackupId":"\([^"]*\)".*/\1/'
