package com.example;

import io.github.cdkfsxbackup.BackupSource;
import io.github.cdkfsxbackup.FsxBackup;
import software.amazon.awscdk.App;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.fsx.LustreConfiguration;
import software.amazon.awscdk.services.fsx.LustreDeploymentType;
import software.amazon.awscdk.services.fsx.LustreFileSystem;

public class QuickStart {
  public static void main(String[] args) {
    App app = new App();
    Stack stack = new Stack(app, "QuickStart");

    Vpc vpc = Vpc.Builder.create(stack, "Vpc").maxAzs(1).natGateways(0).build();
    LustreFileSystem fileSystem = LustreFileSystem.Builder.create(stack, "FileSystem")
        .vpc(vpc)
        .vpcSubnet(vpc.getIsolatedSubnets().get(0))
        .storageCapacityGiB(1200)
        .lustreConfiguration(LustreConfiguration.builder()
            .deploymentType(LustreDeploymentType.PERSISTENT_2)
            .perUnitStorageThroughput(125)
            .build())
        .build();

    FsxBackup backup = FsxBackup.Builder.create(stack, "Backup")
        .source(BackupSource.of(fileSystem))
        .build();

    CfnOutput.Builder.create(stack, "BackupId").value(backup.getBackupId()).build();

    app.synth();
  }
}
