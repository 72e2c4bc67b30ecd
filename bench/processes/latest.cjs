'use strict';
/* Loaded beforehand: has `aws-cdk-lib` mean the latest one. */
const Module = require('node:module');

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  const latest = request.replace(/^aws-cdk-lib(?=$|\/)/, 'aws-cdk-lib-latest').replace(/^@aws-cdk\/cloud-assembly-schema(?=$|\/)/, 'cloud-assembly-schema-latest');
  return resolve.call(this, latest, ...rest);
};
