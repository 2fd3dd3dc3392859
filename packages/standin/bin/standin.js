#!/usr/bin/env node
// Runs on any Node: old syntax only, and nothing is loaded that the case at hand does not need. CommonJS (see
// package.json beside this file) starts faster than a module.
'use strict';

var NEEDED_MAJOR = 22;
var NEEDED_MINOR = 19;

function isNewEnough(version) {
  var parts = version.split('.');
  var major = Number(parts[0]);
  return major > NEEDED_MAJOR || (major === NEEDED_MAJOR && Number(parts[1]) >= NEEDED_MINOR);
}

/** The TypeScript source in a checkout; the built bundle where Node refuses to strip types (below node_modules). */
function findMain() {
  var path = require('node:path');
  var source = path.join(__dirname, '..', 'src', 'main.ts');
  var built = path.join(__dirname, '..', 'dist', 'main.js');
  var installed = __dirname.split(path.sep).indexOf('node_modules') !== -1;
  return !installed && require('node:fs').existsSync(source) ? source : built;
}

/** The pinned Node that npm installed beside us, if any. */
function findPinnedNode() {
  var platform = process.platform === 'win32' ? 'win' : process.platform;
  try {
    var home = require('node:path').dirname(require.resolve('node-' + platform + '-' + process.arch + '/package.json'));
    var binary = require('node:path').join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return require('node:fs').existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

function runWithPinnedNode(binary) {
  var env = Object.assign({}, process.env, { _STANDIN_LAUNCHER_PID: String(process.pid) });
  var args = [__filename].concat(process.argv.slice(2));
  var child = require('node:child_process').spawn(binary, args, { stdio: 'inherit', env: env });
  var signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  signals.forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on('error', function (error) {
    process.stderr.write('standin: cannot start ' + binary + ': ' + error.message + '\n');
    process.exit(2);
  });
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code);
    signals.forEach(function (name) {
      process.removeAllListeners(name);
    });
    process.kill(process.pid, signal);
  });
}

function start() {
  var first = process.argv[2];
  if (process.argv.length === 3 && (first === '--version' || first === '-V')) {
    process.stdout.write(require('../package.json').version + '\n');
    return;
  }
  var main = findMain();
  if (isNewEnough(process.versions.node) && (main.slice(-3) === '.js' || process.features.typescript)) {
    var nodeModule = require('node:module');
    if (nodeModule.enableCompileCache) nodeModule.enableCompileCache();
    import(require('node:url').pathToFileURL(main).href)
      .then(function (loaded) {
        return loaded.run(process.argv.slice(2));
      })
      .catch(function (error) {
        process.stderr.write('standin: ' + (error && error.stack ? error.stack : error) + '\n');
        process.exit(2);
      });
    return;
  }
  var binary = findPinnedNode();
  if (binary !== undefined) return runWithPinnedNode(binary);
  process.stderr.write(
    'standin needs Node ' +
      NEEDED_MAJOR +
      '.' +
      NEEDED_MINOR +
      ' or newer; this is Node ' +
      process.versions.node +
      '.\n',
  );
  process.exitCode = 2;
}

start();
